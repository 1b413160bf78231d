/** How far a detector reaches. */
import type { Beam, Panel } from '../../../crystal/geometry/geometry.js';
import { reciprocalOf } from '../../../crystal/geometry/pixels.js';

/** The largest 1/d of a detector, 1/Å, which is that of a corner of a panel. */
export function largestInverseD(panels: readonly Panel[], beam: Beam): number {
  const corners = panels.flatMap((panel) =>
    [0, panel.maxFs - panel.minFs + 1].flatMap((fs) =>
      [0, panel.maxSs - panel.minSs + 1].map((ss) => Math.hypot(...reciprocalOf(panel, beam, fs, ss))),
    ),
  );
  return corners.reduce((a, b) => Math.max(a, b), 0);
}
