/** The oracle's own rings: computed from the definition, without the code of the room. */
import type { Problem } from './scene.js';

/** Ring of every pixel, negative if the pixel is not used, and the panels that are searched. */
export function ringsOfProblem({ options, run }: Problem) {
  const { width, height, geometry, centre = [0, 0], bad, minRes = 0, maxRes = 0 } = options;
  const ring = new Int32Array(width * height).fill(-1);
  const panels = geometry?.panels ?? [
    {
      minFs: 0,
      maxFs: width - 1,
      minSs: 0,
      maxSs: height - 1,
      corner: [-centre[0], -centre[1]] as const,
      fs: [1, 0, 0] as const,
      ss: [0, 1, 0] as const,
      ignored: false,
      badEdge: 0,
    },
  ];
  for (const p of panels)
    for (let y = p.minSs; y <= p.maxSs; y++)
      for (let x = p.minFs; x <= p.maxFs; x++) {
        const i = y * width + x;
        const [fs, ss] = [x - p.minFs, y - p.minSs];
        const along = (axis: 0 | 1): number => p.corner[axis] + fs * p.fs[axis] + ss * p.ss[axis];
        // CrystFEL computes distances from whole pixels along x and y.
        const radius = Math.sqrt(Math.trunc(along(0)) ** 2 + Math.trunc(along(1)) ** 2);
        const edge = [fs, ss, p.maxFs - x, p.maxSs - y].some((distance) => distance < p.badEdge);
        const out =
          p.ignored || edge || bad?.[i] || (minRes > 0 && radius <= minRes) || (maxRes > 0 && radius >= maxRes);
        if (!out)
          ring[i] = radius % 1 === 0.5 && Math.floor(radius) % 2 === 0 ? Math.floor(radius) : Math.round(radius);
      }
  // A pixel that is bad in this frame is not used; the rings stay the same.
  for (const [i, hit] of run.bad?.entries() ?? []) if (hit) ring[i] = -1;
  return {
    ring,
    panels: panels.map(({ minFs, minSs, maxFs, maxSs }) => ({
      fs: minFs,
      ss: minSs,
      endFs: maxFs + 1,
      endSs: maxSs + 1,
    })),
  };
}
