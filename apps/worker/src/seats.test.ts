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
  const seats = new Seats<string, string>({ all: 20, each: 2 }, (guest, matter) => told.push(`${guest} ${matter}`));
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
  const seats = new Seats<string, string>({ all: 20, each: 1 }, () => undefined);
  const failing = seats.seated('a', '1', () => Promise.reject(new Error('broken')));
  await expect(failing).rejects.toThrow('broken');
  expect(await seats.seated('a', '1', async () => undefined)).toBe(true);
});

test('guests that all sit for long leave places for whoever comes with little', async () => {
  const seats = new Seats<string, string>({ all: 48, each: 8 }, () => undefined);
  const { open, opened } = door();
  const come = (guest: string, matter: string) => {
    let hasPlace = false;
    const sitting = seats.seated(guest, matter, () => {
      hasPlace = true;
      return opened;
    });
    return { hasPlace, sitting };
  };
  const loud = Array.from({ length: 10 }, (_, guest) =>
    Array.from({ length: 20 }, (_, matter) => come(`loud ${guest}`, `${matter}`)),
  );
  const placesOf = (matters: { hasPlace: boolean }[]) => matters.filter(({ hasPlace }) => hasPlace).length;
  for (const matters of loud) expect(placesOf(matters)).toBeGreaterThanOrEqual(1);
  const quiet = [come('quiet', '1'), come('another', '1')];
  expect(placesOf(quiet)).toBe(2);
  open();
  await Promise.all([...loud.flat(), ...quiet].map(({ sitting }) => sitting));
});

test('what sits for long has half of the places at most, and is told when one of those is free', async () => {
  const told: string[] = [];
  const isSlow = (matter: string) => matter.startsWith('slow');
  const seats = new Seats<string, string>({ all: 4, each: 1, isSlow }, (guest, matter) =>
    told.push(`${guest} ${matter}`),
  );
  const { open, opened } = door();
  const held = [seats.seated('a', 'slow', () => opened), seats.seated('b', 'slow', () => opened)];
  expect(await seats.seated('c', 'slow', async () => undefined)).toBe(false);
  expect(await seats.seated('d', 'quick', async () => undefined)).toBe(true);
  expect(told).toEqual([]);
  open();
  await Promise.all(held);
  expect(told).toEqual(['c slow']);
});
