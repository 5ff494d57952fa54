import { test } from 'vitest';
import { useDatabase } from './database.ts';
import { loadWalls } from './load-walls.ts';

const ROUNDS_PER_WORKER = 400; // 25,600 units of work

const db = useDatabase();

test('25,600 units of work of 64 workers over 50 companies never see a foreign row', () =>
  loadWalls(db, ROUNDS_PER_WORKER));
