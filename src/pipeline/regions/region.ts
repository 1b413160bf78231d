/** Regions of a frame whose counts a run sums: how they are written, and what they must be. */

import { argumentError } from '../../options/parameters.js';
import { inspect } from '../../util/options.js';

/** From and to, the end not included. */
export type Bounds = readonly [from: number, to: number];

/**
 * A region: a rectangle or a circle in pixels of the frame, where 0 is the first pixel, or a ring or a part of one. q is
 * 2π/d in 1/Å; angles are degrees from the laboratory's +x to +y.
 */
export type Region =
  | { readonly name: string; readonly kind: 'rect'; readonly fs: Bounds; readonly ss: Bounds }
  | {
      readonly name: string;
      readonly kind: 'circle';
      readonly centre: readonly [fs: number, ss: number];
      readonly radius: number;
    }
  | { readonly name: string; readonly kind: 'ring'; readonly q: Bounds }
  | { readonly name: string; readonly kind: 'sector'; readonly q: Bounds; readonly angles: Bounds };

/** Jungfraujoch has a bit for each in 16 bits a pixel. */
const maxRegions = 16;

const forms = {
  rect: 'rect:200:600,1500:1800 (fs, ss; up to and without the last number)',
  circle: 'circle:1034,1083,40 (fs, ss, radius)',
  ring: 'ring:1.85:2.05 (2π/d in 1/Å)',
  sector: 'sector:1.0:2.0,30:60 (2π/d in 1/Å; degrees from +x to +y)',
} as const;
type Kind = keyof typeof forms;
/** What a region of each kind has besides its name. */
const members = { rect: ['fs', 'ss'], circle: ['centre', 'radius'], ring: ['q'], sector: ['q', 'angles'] } as const;

const isKind = (kind: unknown): kind is Kind => typeof kind === 'string' && Object.hasOwn(forms, kind);

/** Refuses a region. */
type Refuse = (found: string) => never;

const refusing =
  (what: string, region: unknown): Refuse =>
  (found) => {
    throw argumentError(what, (said) => `${said('rois')}: the region ${inspect(region)} ${found}`);
  };

/** A number of a text; NaN for any other text. */
const numberOf = (text: string): number =>
  /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;

/** Checks the bounds of a region. */
function checkBounds(bounds: unknown, of: string, refuse: Refuse): Bounds {
  const [from, to] = Array.isArray(bounds) && bounds.length === 2 ? (bounds as unknown[]) : [];
  if (!Number.isFinite(from) || !Number.isFinite(to))
    return refuse(`has ${of} ${inspect(bounds)}; expected two numbers`);
  return [from as number, to as number];
}

/** Two bounds in rising order. */
function rising(bounds: unknown, of: string, refuse: Refuse, least = Number.NEGATIVE_INFINITY): Bounds {
  const [from, to] = checkBounds(bounds, of, refuse);
  if (!(from >= least && from < to))
    return refuse(
      `has ${of} from ${from} to ${to}; expected ${least >= 0 ? 'no negative number and ' : ''}the smaller one first`,
    );
  return [from, to];
}

/** Two bounds of whole pixels. */
function wholes(bounds: unknown, of: string, refuse: Refuse): Bounds {
  const [from, to] = rising(bounds, of, refuse, 0);
  if (!Number.isInteger(from) || !Number.isInteger(to))
    return refuse(`has ${of} from ${from} to ${to}; expected whole pixels`);
  return [from, to];
}

/** The angles of a sector, at most a full turn. */
function turn(bounds: unknown, refuse: Refuse): Bounds {
  const [from, to] = checkBounds(bounds, 'angles', refuse);
  if (Math.max(Math.abs(from), Math.abs(to)) > 360 || from === to || to - from > 360)
    return refuse(`has angles from ${from} to ${to}; expected two different angles from -360 to 360`);
  return [from, to];
}

/** A region of plain data, with nothing else in it. */
function checkRegion(region: Region, refuse: Refuse): Region {
  const { name, kind } = region;
  if (typeof name !== 'string' || !/^[A-Za-z][\w-]{0,31}$/.test(name))
    return refuse(`has the name ${inspect(name)}; expected a letter and up to 31 letters, digits, - and _`);
  if (name === 'map') return refuse('has the name of the map of all regions in HDF5 files; choose another one');
  if (!isKind(kind)) return refuse(`has the kind ${inspect(kind)}; expected ${Object.values(forms).join(', ')}`);
  const own: readonly string[] = ['name', 'kind', ...members[kind]];
  const other = Object.keys(region).find((member) => !own.includes(member));
  if (other !== undefined) return refuse(`has ${inspect(other)}; a ${kind} has ${own.join(', ')}`);
  if (region.kind === 'rect')
    return { name, kind, fs: wholes(region.fs, 'fs', refuse), ss: wholes(region.ss, 'ss', refuse) } as Region;
  if (region.kind === 'circle') {
    const centre = checkBounds(region.centre, 'the centre', refuse);
    const { radius } = region;
    if (!(Number.isFinite(radius) && radius > 0))
      return refuse(`has the radius ${inspect(radius)}; expected pixels above 0`);
    return { name, kind: 'circle', centre, radius };
  }
  const q = rising(region.q, 'q', refuse, 0);
  return region.kind === 'ring'
    ? { name, kind: 'ring', q }
    : { name, kind: 'sector', q, angles: turn(region.angles, refuse) };
}

/** A region from its text, such as `water=ring:1.85:2.05`. Its parts are checked afterwards. */
function parseRegion(text: string, refuse: Refuse): Region {
  const [, name = '', kind = '', rest = ''] = /^([^=]*)=([^:]*):(.*)$/.exec(text.trim()) ?? [];
  if (name === '') return refuse(`is no NAME=KIND:NUMBERS; expected ${`NAME=${forms.ring}`}`);
  if (!isKind(kind)) return refuse(`has the kind "${kind}"; expected ${Object.values(forms).join(', ')}`);
  const parts = rest.split(',').map((part) => part.split(':').map((part) => numberOf(part.trim())));
  const sizes = parts.map(({ length }) => length).join();
  const wanted = { rect: '2,2', circle: '1,1,1', ring: '2', sector: '2,2' }[kind];
  if (sizes !== wanted || parts.flat().some(Number.isNaN))
    return refuse(`cannot be read; expected ${name}=${forms[kind]}`);
  const [first = [], second = [], third = []] = parts as unknown as Bounds[];
  switch (kind) {
    case 'rect':
      return { name, kind, fs: first as Bounds, ss: second as Bounds };
    case 'circle':
      return { name, kind, centre: [first[0] as number, second[0] as number], radius: third[0] as number };
    case 'ring':
      return { name, kind, q: first as Bounds };
    default:
      return { name, kind, q: first as Bounds, angles: second as Bounds };
  }
}

/** The regions of a run, from texts or plain data. Throws `Argument` with what is wrong and what is expected. */
export function checkRegions(what: string, given: unknown): readonly Region[] {
  if (given === undefined) return [];
  if (!Array.isArray(given))
    throw argumentError(
      what,
      (said) => `${said('rois')} is ${inspect(given)}; expected a list of regions: ['water=ring:1.85:2.05']`,
    );
  if (given.length > maxRegions)
    throw argumentError(
      what,
      (said) => `${said('rois')}: there are ${given.length} regions; at most ${maxRegions} are possible`,
    );
  const names = new Set<string>();
  return given.map((one: unknown) => {
    const refuse = refusing(what, one);
    if (typeof one !== 'string' && (typeof one !== 'object' || one === null))
      return refuse("is neither a text nor an object; expected 'water=ring:1.85:2.05' or { name, kind, … }");
    const region = checkRegion(typeof one === 'string' ? parseRegion(one, refuse) : (one as Region), refuse);
    if (names.has(region.name))
      return refuse(`has the name of another one, "${region.name}"; names tell results apart`);
    names.add(region.name);
    return region;
  });
}

/** A region as its flag states it. */
export function regionText(region: Region): string {
  const { name, kind } = region;
  const numbers =
    region.kind === 'rect'
      ? [region.fs.join(':'), region.ss.join(':')]
      : region.kind === 'circle'
        ? [...region.centre, region.radius]
        : region.kind === 'ring'
          ? [region.q.join(':')]
          : [region.q.join(':'), region.angles.join(':')];
  return `${name}=${kind}:${numbers.join()}`;
}
