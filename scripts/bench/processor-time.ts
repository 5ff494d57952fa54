import { readdir, readFile } from 'node:fs/promises';

/** Linux counts in these, on every machine we know (`getconf CLK_TCK`). */
const MS_PER_TICK = 10;

interface Usage {
  parent: number;
  own: number;
  /** Of children that have ended. */
  ofChildren: number;
}

/** Processor time a process has used, with what it started and the system did for it. Milliseconds; steps of ten. */
export async function processorMs(pid: number): Promise<number> {
  return (await usageOf(pid)).own * MS_PER_TICK;
}

/** The same of a process and all its children, also those that have ended. */
export async function familyMs(parent: number): Promise<number> {
  const root = await usageOf(parent);
  let ticks = root.own + root.ofChildren;
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const usage = await usageOf(Number(name)).catch(() => undefined); // it may have ended meanwhile
    if (usage?.parent === parent) ticks += usage.own;
  }
  return ticks * MS_PER_TICK;
}

/** proc(5): the fields of `stat` behind the name, which stands in brackets and may hold anything. */
async function usageOf(pid: number): Promise<Usage> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [parent = 0] = fields.slice(1);
  const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = fields.slice(11, 15);
  return { parent, own: user + system, ofChildren: childrenUser + childrenSystem };
}
