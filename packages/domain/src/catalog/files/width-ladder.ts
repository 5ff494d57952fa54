/** Widths pictures are made in, in pixels: from a thumbnail to a large screen. */
const LADDER = [160, 320, 640, 960, 1_280, 1_920] as const;

/**
 * The widths for a picture of this width, ascending: the ladder's that are narrower, and its own, so that nothing is
 * blown up and nothing lost; the widest is the ladder's last.
 */
export function widthsFor(width: number): number[] {
  const widest = Math.min(width, LADDER[LADDER.length - 1] ?? width);
  return [...LADDER.filter((step) => step < widest), widest];
}
