import { expect, test } from 'vitest';
import { VersionMemory } from './version-memory.ts';

const reader = { server: 'a', hasChangedCatalogue: () => false };

test('a fact is found at the version it was kept under, and at no other', () => {
  const memory = new VersionMemory<string>(10);
  memory.keep(reader, 'a', 3, 'three');
  expect([
    memory.find(reader, 'a', 3),
    memory.find(reader, 'a', 4),
    memory.find(reader, 'a', 2),
    memory.find(reader, 'b', 3),
  ]).toEqual(['three', undefined, undefined, undefined]);
  memory.keep(reader, 'a', 4, 'four');
  expect([memory.find(reader, 'a', 3), memory.find(reader, 'a', 4)]).toEqual([undefined, 'four']);
});

test('what was not used for longest goes when there is too much, by weight', () => {
  const memory = new VersionMemory<string>(6, (fact) => fact.length);
  memory.keep(reader, 'a', 1, 'aa');
  memory.keep(reader, 'b', 1, 'bb');
  memory.keep(reader, 'c', 1, 'cc');
  memory.find(reader, 'a', 1);
  memory.keep(reader, 'd', 1, 'dd');
  expect(['a', 'b', 'c', 'd'].map((key) => memory.find(reader, key, 1))).toEqual(['aa', undefined, 'cc', 'dd']);
  // Kept anew it weighs what it weighs now.
  memory.keep(reader, 'a', 2, 'a');
  memory.keep(reader, 'e', 1, 'e');
  expect(['a', 'c', 'd', 'e'].map((key) => memory.find(reader, key, key === 'a' ? 2 : 1))).toEqual([
    'a',
    'cc',
    'dd',
    'e',
  ]);
});

test('a unit of work that writes such things finds nothing, and keeps nothing that may yet be undone', () => {
  const memory = new VersionMemory<string>(10);
  const writer = { ...reader, hasChangedCatalogue: () => true };
  memory.keep(reader, 'a', 1, 'committed');
  memory.keep(writer, 'a', 1, 'not yet');
  expect([memory.find(writer, 'a', 1), memory.find(reader, 'a', 1)]).toEqual([undefined, 'committed']);
});

test('nothing is found on another server, for the same number may mean another catalogue there', () => {
  const memory = new VersionMemory<string>(10);
  memory.keep(reader, 'a', 3, 'before');
  const other = { ...reader, server: 'b' };
  expect(memory.find(other, 'a', 3)).toBeUndefined();
  memory.keep(other, 'a', 3, 'after');
  expect([memory.find(other, 'a', 3), memory.find(reader, 'a', 3)]).toEqual(['after', undefined]);
});
