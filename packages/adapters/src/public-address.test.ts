import { expect, test } from 'vitest';
import { isLoopback, isPublicAddress } from './public-address.ts';

/** First and last address of every range that must never be asked. */
const CLOSED = [
  ['0.0.0.0', '0.255.255.255'],
  ['10.0.0.0', '10.255.255.255'],
  ['100.64.0.0', '100.127.255.255'],
  ['127.0.0.0', '127.255.255.255'],
  ['168.63.129.16', '168.63.129.16'],
  ['169.254.0.0', '169.254.255.255'],
  ['172.16.0.0', '172.31.255.255'],
  ['192.0.0.0', '192.0.0.255'],
  ['192.0.2.0', '192.0.2.255'],
  ['192.88.99.0', '192.88.99.255'],
  ['192.168.0.0', '192.168.255.255'],
  ['198.18.0.0', '198.19.255.255'],
  ['198.51.100.0', '198.51.100.255'],
  ['203.0.113.0', '203.0.113.255'],
  ['224.0.0.0', '239.255.255.255'],
  ['240.0.0.0', '255.255.255.255'],
  ['::', '::1'],
  ['::127.0.0.1', '::ffff:ffff'],
  ['::ffff:0.0.0.0', '::ffff:10.255.255.255'],
  ['::ffff:127.0.0.1', '::ffff:7f00:1'],
  ['::ffff:169.254.169.254', '::ffff:a9fe:a9fe'],
  ['64:ff9b::', '64:ff9b::ffff:ffff'],
  ['64:ff9b:1::', '64:ff9b:1:ffff:ffff:ffff:ffff:ffff'],
  ['100::', '100::ffff:ffff:ffff:ffff'],
  ['2001::', '2001:0:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['2002::', '2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['3fff::', '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['5f00::', '5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['fc00::', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['fd00:ec2::254', 'fd20:ce::254'],
  ['fe80::', 'febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['fec0::', 'feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['ff00::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
];

/** Neighbours of the closed ranges, and usual ones. */
const OPEN = [
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.0',
  '168.63.129.15',
  '168.63.129.17',
  '169.253.255.255',
  '169.255.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '192.0.1.0',
  '192.0.3.0',
  '192.88.98.255',
  '192.88.100.0',
  '192.167.255.255',
  '192.169.0.0',
  '198.17.255.255',
  '198.20.0.0',
  '198.51.99.255',
  '198.51.101.0',
  '203.0.112.255',
  '203.0.114.0',
  '223.255.255.255',
  '::ffff:8.8.8.8',
  '2606:4700::1111',
  '2001:200::1',
  '2001:db7:ffff::',
  '2001:db9::',
  '2003::1',
  '3ffe::1',
  '2a00:1450::1',
];

test.each(CLOSED)('nothing from %s to %s is asked', (first, last) => {
  expect([isPublicAddress(first), isPublicAddress(last)]).toEqual([false, false]);
});

test('what lies beside the closed ranges is open', () => {
  for (const address of OPEN) expect([address, isPublicAddress(address)]).toEqual([address, true]);
});

test('what is no plain IP address is closed', () => {
  for (const odd of [
    '',
    'localhost',
    '1',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '127.1',
    '8.8.8',
    '8.8.8.8.',
    'fe80::1%eth0',
    '2606:4700::1%1',
    '[::1]',
    '08.8.8.8',
  ])
    expect([odd, isPublicAddress(odd)]).toEqual([odd, false]);
});

test('this machine is told apart from what is merely closed', () => {
  for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'])
    expect([address, isLoopback(address)]).toEqual([address, true]);
  for (const address of ['10.0.0.1', '::', 'fe80::1', '8.8.8.8', ''])
    expect([address, isLoopback(address)]).toEqual([address, false]);
});
