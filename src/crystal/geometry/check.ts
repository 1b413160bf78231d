/** Describes a geometry and lists its apparent problems, so that users can judge whether it is the right one. */
import { sixDigits } from '../../util/amounts.js';
import { dot, norm, type Vector } from '../cell.js';
import type { Beam, Geometry, Panel } from './geometry.js';
import { panelNames } from './panel-names.js';
import { heightOf, meanDistance, positionOf, reciprocalOf, widthOf } from './pixels.js';

/** Outer corners of a panel in the laboratory, in metres, in order around the panel. */
export function cornersOf(panel: Panel, beam: Beam): Vector[] {
  const [w, h] = [widthOf(panel), heightOf(panel)];
  return [
    positionOf(panel, beam, 0, 0),
    positionOf(panel, beam, w, 0),
    positionOf(panel, beam, w, h),
    positionOf(panel, beam, 0, h),
  ];
}

/** Summary of a geometry. */
export interface GeometryFacts {
  readonly panels: number;
  readonly pixels: number;
  /** Mean distance of the panels in metres: `clen` and `coffset`. */
  readonly distanceM: number;
  /** Extent of the whole detector in metres. */
  readonly extentM: readonly [number, number];
  /** The panel that the beam hits and where, in pixels of the file's array; undefined if it passes between panels. */
  readonly beamAt: { readonly panel: string; readonly fs: number; readonly ss: number } | undefined;
  /** Lowest and highest resolution in Å; the lowest is Infinity if the beam hits a panel. */
  readonly resolutionA: readonly [number, number];
  readonly problems: readonly string[];
}

/** Photons above 150 keV have a shorter wavelength, Å. */
const hardestA = 0.0827;

/** Summarises and checks a geometry that has no unresolved numbers. */
export function checkGeometry(geometry: Geometry, beam: Beam): GeometryFacts {
  const { panels } = geometry;
  const problems: string[] = [];
  const outlines = panels.map((panel) => cornersOf(panel, beam));
  problems.push(...panelProblems(panels));
  problems.push(...doubled(panels), ...overlaps(panels, outlines));
  problems.push(...groupProblems(geometry), ...regionProblems(geometry));
  const mirrored = panels.filter(({ fs, ss }) => fs[0] * ss[1] - fs[1] * ss[0] < 0);
  if (mirrored.length > 0 && mirrored.length < panels.length)
    problems.push(`${panelNames(mirrored)}: mirrored, unlike the other panels`);
  if (panels.every(({ ignored }) => ignored)) problems.push('all panels have no_index: nothing is left to search');
  const distances = panels.map(({ offsetM }) => beam.distanceM + offsetM);
  const odd = distances.find((distance) => distance < 0.001 || distance > 20);
  if (odd !== undefined)
    problems.push(`the distance is ${sixDigits(odd)} m; is the unit right? (clen without a unit is in metres)`);
  if (beam.wavelengthA > 10 || beam.wavelengthA < 0.003)
    problems.push(
      `the wavelength is ${sixDigits(beam.wavelengthA)} Å; is the unit right? (photon_energy without a unit is in eV)`,
    );
  if (geometry.radiation?.kind === 'photonEnergy' && beam.wavelengthA < hardestA)
    problems.push(
      `the wavelength is ${sixDigits(beam.wavelengthA)} Å, and no X-rays that crystals are measured with are that ` +
        'short; are these electrons? (their voltage is electron_voltage, and not photon_energy)',
    );
  const [xs, ys] = [outlines.flat().map(([x]) => x), outlines.flat().map(([, y]) => y)];
  const extentM = [largest(xs) - smallest(xs), largest(ys) - smallest(ys)] as const;
  if (beam.shiftM.some((shift, axis) => Math.abs(shift) > (extentM[axis] as number)))
    problems.push(
      `the detector of ${extentM.map((x) => sixDigits(1000 * x)).join(' x ')} mm is shifted by ` +
        `${beam.shiftM.map((x) => sixDigits(1000 * x)).join(', ')} mm; is the unit right? (detector_shift_x and ` +
        'detector_shift_y without a unit are in metres)',
    );
  const hit = panels.find((_, i) => holdsBeam(outlines[i] ?? []));
  const lengths = panels.flatMap((panel) =>
    [...edgePoints(panel)].map(([fs, ss]) => norm(reciprocalOf(panel, beam, fs, ss))),
  );
  return {
    panels: panels.length,
    pixels: panels.reduce((sum, panel) => sum + widthOf(panel) * heightOf(panel), 0),
    distanceM: meanDistance(geometry, beam),
    extentM,
    beamAt: hit && { panel: hit.name, ...beamIn(hit, beam) },
    resolutionA: [hit ? Number.POSITIVE_INFINITY : 1 / smallest(lengths), 1 / largest(lengths)],
    problems,
  };
}

// A spread of all values would be too many arguments.
const largest = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b));
const smallest = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b));

/** Problems of panels; those of one kind are one. */
function panelProblems(panels: readonly Panel[]): string[] {
  const kinds = new Map<string, { readonly of: Panel[]; readonly texts: Set<string> }>();
  for (const panel of panels)
    for (const { kind, text } of problemsOf(panel)) {
      const { of, texts } = kinds.get(kind) ?? { of: [], texts: new Set() };
      of.push(panel);
      kinds.set(kind, { of, texts: texts.add(text) });
    }
  return [...kinds.values()].map(({ of, texts: [text, ...others] }) => {
    const whose = others.length > 0 ? ` (the numbers are those of ${of[0]?.name})` : '';
    return `${panelNames(of)}: ${text}${whose}`;
  });
}

function problemsOf({ fs, ss, resolution, unitsPerPhoton, unitsPerEv }: Panel) {
  const found: { readonly kind: 'step' | 'angle' | 'pixel' | 'photon'; readonly text: string }[] = [];
  const [f, s] = [norm(fs), norm(ss)];
  if (Math.abs(f - 1) > 0.02 || Math.abs(s - 1) > 0.02) {
    const text = `a step along fs is ${f.toFixed(3)} pixels long, along ss ${s.toFixed(3)}; both should be 1`;
    found.push({ kind: 'step', text });
  }
  const cosine = dot(fs, ss) / (f * s);
  if (Math.abs(cosine) > 0.02) {
    const degrees = ((Math.acos(cosine) * 180) / Math.PI).toFixed(2);
    found.push({ kind: 'angle', text: `the angle between fs and ss is ${degrees}°; it should be 90°` });
  }
  const pixel = 1 / resolution;
  if (pixel > 0.01 || pixel < 1e-7) {
    const text = `a pixel is ${sixDigits(pixel)} m wide; res is in pixels per metre, 13333.3 for 75 µm`;
    found.push({ kind: 'pixel', text });
  }
  if (unitsPerPhoton === undefined && unitsPerEv === undefined) {
    const text = 'neither adu_per_photon nor adu_per_eV is given; one unit per photon is assumed';
    found.push({ kind: 'photon', text });
  }
  return found;
}

/** Members of groups that are neither panels nor groups. */
function groupProblems({ panels, groups, rigidGroups = new Map() }: Geometry): string[] {
  const found = (
    [
      ['group_', groups],
      ['rigid_group_', rigidGroups],
    ] as const
  ).flatMap(([prefix, all]) => {
    const known = new Set([...panels.map(({ name }) => name), ...all.keys()]);
    return [...all].flatMap(([name, members]) =>
      members
        .filter((member) => !known.has(member))
        .map((member) => `${prefix}${name} names ${member}, which is neither a panel nor a group`),
    );
  });
  return few(found, 'members of groups are neither panels nor groups');
}

/** Bad regions without any pixel, whose ends are exchanged, or which are beside all panels of which they may be. */
function regionProblems({ badRegions, panels }: Geometry): string[] {
  const found = badRegions.flatMap((region) => {
    const axes =
      'minX' in region
        ? ([
            ['x', region.minX, region.maxX],
            ['y', region.minY, region.maxY],
          ] as const)
        : ([
            ['fs', region.minFs, region.maxFs],
            ['ss', region.minSs, region.maxSs],
          ] as const);
    const exchanged = axes.filter(([, from, to]) => from > to);
    if (exchanged.length > 0 || 'minX' in region)
      return exchanged.map(
        ([axis, from, to]) => `${region.name} has no pixels: min_${axis} is ${from} and max_${axis} ${to}`,
      );
    const own = panels.filter(({ name }) => region.panel === undefined || region.panel === name);
    const meets = ({ minFs, maxFs, minSs, maxSs }: Panel): boolean =>
      region.minFs <= maxFs && region.maxFs >= minFs && region.minSs <= maxSs && region.maxSs >= minSs;
    const [first] = own;
    if (!first || own.some(meets)) return [];
    const ends = own.length > 1 ? 'none of the panels has any of these' : `${first.name} has ${pixelsOf(first)}`;
    return [
      `${region.name} has no pixels: it is ${pixelsOf(region)}, counted in the frame and not from the corner of a panel, ` +
        `and ${ends}`,
    ];
  });
  return few(found, 'bad regions have no pixels');
}

const pixelsOf = ({ minFs, maxFs, minSs, maxSs }: Pick<Panel, 'minFs' | 'maxFs' | 'minSs' | 'maxSs'>): string =>
  `fs ${minFs} to ${maxFs}, ss ${minSs} to ${maxSs}`;

/** Panels that read the same pixels of the file. */
function doubled(panels: readonly Panel[]): string[] {
  const found: string[] = [];
  for (const [i, a] of panels.entries())
    for (const b of panels.slice(i + 1)) {
      const same = a.data === b.data && a.dimensions.join() === b.dimensions.join();
      const apart = a.maxFs < b.minFs || b.maxFs < a.minFs || a.maxSs < b.minSs || b.maxSs < a.minSs;
      if (same && !apart) found.push(`${a.name} and ${b.name} read the same pixels of the file`);
    }
  return few(found, 'pairs of panels read the same pixels');
}

/** Panels that overlap when seen along the beam. */
function overlaps(panels: readonly Panel[], outlines: readonly (readonly Vector[])[]): string[] {
  const found: string[] = [];
  const pixel = 1 / (panels[0]?.resolution ?? 1);
  for (const [i, a] of outlines.entries())
    for (let j = i + 1; j < outlines.length; j++) {
      const b = outlines[j] ?? [];
      // An overlap of less than a pixel is within the usual accuracy of corners.
      if (depth(a, b) > pixel) found.push(`${panels[i]?.name} and ${panels[j]?.name} overlap`);
    }
  return few(found, 'pairs of panels overlap');
}

const few = (found: readonly string[], what: string): string[] =>
  found.length > 4 ? [...found.slice(0, 3), `… ${found.length} ${what}`] : [...found];

/** Depth by which two convex outlines overlap, in metres; negative if they do not. */
function depth(a: readonly Vector[], b: readonly Vector[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const outline of [a, b])
    for (const [i, from] of outline.entries()) {
      const to = outline[(i + 1) % outline.length] ?? from;
      const length = Math.hypot(to[0] - from[0], to[1] - from[1]) || 1;
      const normal = [(to[1] - from[1]) / length, (from[0] - to[0]) / length] as const;
      const range = (points: readonly Vector[]): readonly [number, number] => {
        const along = points.map(([x, y]) => x * normal[0] + y * normal[1]);
        return [Math.min(...along), Math.max(...along)];
      };
      const [[low, high], [otherLow, otherHigh]] = [range(a), range(b)];
      least = Math.min(least, high - otherLow, otherHigh - low);
    }
  return least;
}

const holdsBeam = (outline: readonly Vector[]): boolean => {
  const turns = outline.map(([x, y], i) => {
    const [u = 0, v = 0] = outline[(i + 1) % outline.length] ?? [];
    return x * v - y * u;
  });
  return turns.every((turn) => turn >= 0) || turns.every((turn) => turn <= 0);
};

/** Where the beam meets the plane of a panel, in pixels of the file's array. */
function beamIn(panel: Panel, beam: Beam): { readonly fs: number; readonly ss: number } {
  const [x, y] = positionOf(panel, beam, 0, 0);
  const { fs, ss, resolution } = panel;
  const d = fs[0] * ss[1] - fs[1] * ss[0];
  const [dx, dy] = [-x * resolution, -y * resolution];
  return { fs: panel.minFs + (dx * ss[1] - dy * ss[0]) / d, ss: panel.minSs + (dy * fs[0] - dx * fs[1]) / d };
}

/** Points along the edges of a panel; the extremes of resolution lie on the edges. */
function* edgePoints(panel: Panel): Generator<[number, number]> {
  const [w, h] = [widthOf(panel), heightOf(panel)];
  for (let i = 0; i <= 16; i++)
    for (const point of [
      [(w * i) / 16, 0],
      [(w * i) / 16, h],
      [0, (h * i) / 16],
      [w, (h * i) / 16],
    ] as [number, number][])
      yield point;
}
