/** Regions of the displayed frame: where they are in the displayed plane, and their counts. */
import type { Detector } from '../../entries/index.js';
import { checkRegions, messageOf, openRegionSums, type Region, type RegionSums } from '../../entries/pages.js';
import { arcOn, placedPanels } from './detector-plane.js';
import { type PlacedPanel, placeOn } from './layout.js';
import type { OfFrame, ShownRegion } from './protocol.js';
import { detectorOf, type Workspace } from './workspace.js';

/** Points of a circle. */
const steps = 96;

/** A closed line through pixels of a frame, cut at the edges of panels. */
function outlineOn(panels: readonly PlacedPanel[], points: readonly (readonly [number, number])[]): Float32Array[] {
  return panels.flatMap((panel) => {
    const lines: number[][] = [];
    let line: number[] = [];
    for (const [fs, ss] of [...points, ...points.slice(0, 1)]) {
      const isOn = fs >= panel.minFs && fs <= panel.endFs && ss >= panel.minSs && ss <= panel.endSs;
      if (isOn) line.push(...placeOn(panel, fs, ss));
      if (isOn || line.length === 0) continue;
      lines.push(line);
      line = [];
    }
    return [...lines, line].filter(({ length }) => length > 2).map((line) => Float32Array.from(line));
  });
}

/** The edges of a rectangle, in points that are close enough for the edges of panels. */
function* rectangle([left, right]: readonly [number, number], [top, bottom]: readonly [number, number]) {
  const along = (from: number, to: number, share: number): number => from + share * (to - from);
  for (let i = 0; i < steps; i++) yield [along(left, right, i / steps), top] as const;
  for (let i = 0; i < steps; i++) yield [right, along(top, bottom, i / steps)] as const;
  for (let i = 0; i < steps; i++) yield [along(right, left, i / steps), bottom] as const;
  for (let i = 0; i < steps; i++) yield [left, along(bottom, top, i / steps)] as const;
}

/** The part of an arc about the beam between two directions of a sector. */
function between(arc: Float32Array, [from, to]: readonly [number, number], [x, y]: readonly number[]): Float32Array {
  const turned = (angle: number): number => ((angle % 360) + 360) % 360;
  const width = to - from === 360 ? 360 : turned(to - from);
  const points: number[] = [];
  for (let i = 0; i < arc.length; i += 2) {
    const [u, v] = [arc[i] as number, arc[i + 1] as number];
    const angle = (Math.atan2(v - (y ?? 0), u - (x ?? 0)) * 180) / Math.PI;
    if (turned(angle - from) < width) points.push(u, v);
  }
  return Float32Array.from(points);
}

/** Lines around a region in the displayed plane. */
function linesOf(region: Region, detector: Detector): readonly Float32Array[] {
  const { geometry, beam } = detector;
  const panels = placedPanels(geometry);
  if (region.kind === 'rect') return outlineOn(panels, [...rectangle(region.fs, region.ss)]);
  if (region.kind === 'circle') {
    const [[fs, ss], r] = [region.centre, region.radius];
    const turns = Array.from({ length: steps }, (_, i) => (2 * Math.PI * i) / steps);
    // Its centre is counted from that of the first pixel.
    return outlineOn(
      panels,
      turns.map((turn) => [fs + 0.5 + r * Math.cos(turn), ss + 0.5 + r * Math.sin(turn)] as const),
    );
  }
  const arcs = region.q.flatMap((q) =>
    q > 0 ? detector.ring((2 * Math.PI) / q).flatMap((arc) => arcOn(panels[arc.panel], arc)) : [],
  );
  if (region.kind === 'ring') return arcs;
  const [perMetre, [x, y]] = [geometry.panels[0]?.resolution ?? 1, beam.shiftM];
  const middle = [-x * perMetre, -y * perMetre];
  return arcs.map((arc) => between(arc, region.angles, middle)).filter(({ length }) => length > 2);
}

/** Sums regions of a frame with the detector as it is now. */
export function regionOperations(work: Workspace) {
  return {
    /** The regions of a frame, from their texts. */
    async regions({ texts, frame }: OfFrame & { texts: readonly string[] }): Promise<ShownRegion[]> {
      const of = work.current;
      const detector = detectorOf(of);
      const data = await work.frame(of, frame);
      const shown: ShownRegion[] = [];
      for (const text of texts) {
        try {
          const [region] = checkRegions('', [text]);
          const value = region && (await sumOf(await work.context(), detector, region, data));
          shown.push(region ? { text, region, lines: linesOf(region, detector), value } : { text });
        } catch (error) {
          shown.push({ text, problem: messageOf(error).replace(/^(pipeline: )?rois: /, '') });
        }
      }
      return shown;
    },
  };
}

/** The counts of one region of a frame. */
async function sumOf(context: object, detector: Detector, region: Region, data: Parameters<RegionSums['of']>[0]) {
  const sums = await openRegionSums(context, detector, [region]);
  try {
    return sums.of(data)[region.name];
  } finally {
    await sums.dispose();
  }
}
