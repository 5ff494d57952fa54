import { test } from 'vitest';
import { useDatabase } from './database.ts';
import { loadWalls } from './load-walls.ts';

const ROUNDS_PER_WORKER = 40;

const db = useDatabase();

test('64 workers over 50 companies, with aborts and killed connections, never see a foreign row', () =>
  loadWalls(db, ROUNDS_PER_WORKER));
