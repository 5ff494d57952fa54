import { expect, test } from 'vitest';
import { Seats } from './seats.ts';

function door() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

test('a guest has no more places than its share, whatever the others have', async () => {
  const told: string[] = [];
  const seats = new Seats<string, string>(2, (guest, matter) => told.push(`${guest} ${matter}`));
  const { open, opened } = door();
  const begun: string[] = [];
  const come = (guest: string, matter: string) =>
    seats.seated(guest, matter, async () => {
      begun.push(`${guest} ${matter}`);
      await opened;
    });
  const held = [come('a', '1'), come('a', '2'), come('b', '1')];
  expect(await come('a', '3')).toBe(false);
  expect(await come('a', '3')).toBe(false);
  expect(await come('a', '4')).toBe(false);
  expect(begun).toEqual(['a 1', 'a 2', 'b 1']);
  expect(told).toEqual([]);
  open();
  expect(await Promise.all(held)).toEqual([true, true, true]);
  expect(told).toEqual(['a 3', 'a 4']); // once each, though one came twice
});

test('a place is free again also when its work failed', async () => {
  const seats = new Seats<string, string>(1, () => undefined);
  const failing = seats.seated('a', '1', () => Promise.reject(new Error('broken')));
  await expect(failing).rejects.toThrow('broken');
  expect(await seats.seated('a', '1', async () => undefined)).toBe(true);
});
