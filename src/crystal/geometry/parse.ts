/**
 * Reads CrystFEL .geom files: `key = value` and `panel/key = value`. A panel takes the defaults in force where it is
 * first mentioned.
 */
import { type TextOrBytes, textOf } from '../../util/arguments.js';
import { commaHint, decimal } from '../../util/decimal.js';
import { EwaldError } from '../../util/errors.js';
import { nearest } from '../../util/options.js';
import { refuseNoText } from '../../util/text-begin.js';
import type { Vector } from '../cell.js';
import { withoutComment } from '../comments.js';
import {
  type BadRegion,
  type BadValue,
  factorOfUnit,
  type Geometry,
  type Given,
  type MaskSource,
  type Panel,
  type RadiationKind,
} from './geometry.js';
import { panelNames } from './panel-names.js';

/** A line and its position in the file. */
interface LineOfFile {
  readonly file: string;
  readonly line: number;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };
interface Draft extends Omit<Writable<Panel>, 'masks' | 'badValues' | 'dimensions' | 'corner'> {
  corner: [number, number];
  dimensions: Map<number, 'fs' | 'ss' | '%' | number>;
  badValues: BadValue[];
  masks: Map<number, Partial<Writable<MaskSource>>>;
  /** Keys that were given, for the panel or as a default. */
  given: Set<string>;
}

function fail(place: LineOfFile, message: string): never {
  throw new EwaldError('Format', `${place.file}:${place.line}: ${message}`);
}

function geometryNumber(place: LineOfFile, key: string, text: string): number {
  const value = decimal(text);
  if (!Number.isFinite(value)) fail(place, `${key} is "${text}"; expected a number${commaHint(text)}`);
  // Converts minus zero to zero, because it would be read back as a different number.
  return value + 0;
}

function wholeOf(place: LineOfFile, key: string, text: string): number {
  // Mask bits are written in hexadecimal.
  const value = /^0x[\da-f]+$/i.test(text) && /^mask/.test(key) ? Number(text) : geometryNumber(place, key, text);
  if (!Number.isInteger(value)) fail(place, `${key} is "${text}"; expected a whole number`);
  return value;
}

/** Longest text searched for three numbers with axes: the search takes cubic time if the text holds none. */
const longestVector = 256;
/** Maximum number of values that mark bad pixels in a panel: each panel receives a copy of those given before it. */
const maxBadValues = 1000;

/** Parses a vector from its components: `-0.001x +0.999y`, `x`, `-y`. */
function vectorOf(place: LineOfFile, key: string, text: string): Vector {
  if (text.length > longestVector)
    fail(place, `${key} has ${text.length} characters; expected parts such as "+0.999x -0.001y"`);
  const vector: [number, number, number] = [0, 0, 0];
  const rest = text.replace(/([+-]?)\s*(\d*\.?\d*(?:[eE][+-]?\d+)?)\s*\*?\s*([xyz])/g, (_, sign, size, axis) => {
    const value = size === '' ? 1 : Number(size);
    vector['xyz'.indexOf(axis)] = (vector['xyz'.indexOf(axis)] ?? 0) + (sign === '-' ? -value : value) + 0;
    return '';
  });
  if (rest.trim() !== '' || vector.every((x) => x === 0) || !vector.every(Number.isFinite))
    fail(place, `${key} is "${text}"; expected parts such as "+0.999x -0.001y"`);
  return vector;
}

/** Parses a number with its unit, or a path into the file of the frames with an optional unit. */
function givenOf(
  place: LineOfFile,
  key: string,
  text: string,
  kind: RadiationKind | 'length',
  alone: { readonly number: string | undefined; readonly path: string },
): Given {
  const [word = '', unit, ...more] = text.split(/\s+/);
  const known = usualUnits[kind].join(', ');
  if (more.length > 0) fail(place, `${key} is "${text}"; expected a number or a path, and a unit (${known})`);
  if (unit !== undefined && factorOfUnit(kind, unit) === undefined)
    fail(place, `${key} has the unit "${unit}"; expected one of ${known}`);
  const value = decimal(word);
  const comma = commaHint(word);
  if (comma !== '' || /^0x[\da-f]+$/i.test(word))
    fail(place, `${key} is "${text}"; expected a number or a path${comma}`);
  if (/^[+-]?(nan|inf(inity)?)$/i.test(word)) fail(place, `${key} is "${text}"; expected a number or a path`);
  if (word === '') fail(place, `${key} has no value`);
  if (Number.isNaN(value))
    return unit === undefined ? { path: word, unit: alone.path, isUnitAssumed: true } : { path: word, unit };
  const taken = unit ?? alone.number;
  if (taken === undefined) fail(place, `${key} is "${text}"; expected a number with its unit: ${known}`);
  return { value: value * (factorOfUnit(kind, taken) ?? 1) + 0 };
}

/** The units that messages name. */
const usualUnits = {
  wavelength: ['A', 'nm', 'm'],
  photonEnergy: ['eV', 'keV', 'MeV', 'J'],
  electronVoltage: ['V', 'kV', 'MV'],
  length: ['m', 'cm', 'mm', 'um'],
} as const;

function emptyPanel(name: string): Draft {
  return {
    name,
    minFs: 0,
    maxFs: 0,
    minSs: 0,
    maxSs: 0,
    corner: [0, 0],
    fs: [1, 0, 0],
    ss: [0, 1, 0],
    resolution: 0,
    offsetM: 0,
    data: undefined,
    dimensions: new Map(),
    unitsPerPhoton: undefined,
    unitsPerEv: undefined,
    maximum: Number.POSITIVE_INFINITY,
    saturationMap: undefined,
    saturationMapFile: undefined,
    ignored: false,
    badEdge: 0,
    badValues: [],
    masks: new Map(),
    given: new Set(),
  };
}

function copyOf(panel: Draft, name: string): Draft {
  return {
    ...panel,
    name,
    corner: [...panel.corner],
    dimensions: new Map(panel.dimensions),
    badValues: [...panel.badValues],
    masks: new Map([...panel.masks].map(([index, mask]) => [index, { ...mask }])),
    given: new Set(panel.given),
  };
}

/** A value with its key and its place in the file. */
interface Entry {
  readonly key: string;
  readonly text: string;
  readonly place: LineOfFile;
}

const whole = ({ place, key, text }: Entry): number => wholeOf(place, key, text);
const real = ({ place, key, text }: Entry): number => geometryNumber(place, key, text);
const positive = (entry: Entry): number => {
  const value = real(entry);
  if (!(value > 0)) fail(entry.place, `${entry.key} is ${entry.text}; expected a number above 0`);
  return value;
};
const vector = ({ place, key, text }: Entry): Vector => vectorOf(place, key, text);

/** What each key of a panel sets; dimensions and masks are numbered. */
const panelSetters: Readonly<Record<string, (panel: Draft, entry: Entry) => void>> = {
  min_fs: (panel, entry) => {
    panel.minFs = whole(entry);
  },
  max_fs: (panel, entry) => {
    panel.maxFs = whole(entry);
  },
  min_ss: (panel, entry) => {
    panel.minSs = whole(entry);
  },
  max_ss: (panel, entry) => {
    panel.maxSs = whole(entry);
  },
  corner_x: (panel, entry) => {
    panel.corner[0] = real(entry);
  },
  corner_y: (panel, entry) => {
    panel.corner[1] = real(entry);
  },
  fs: (panel, entry) => {
    panel.fs = vector(entry);
  },
  ss: (panel, entry) => {
    panel.ss = vector(entry);
  },
  res: (panel, entry) => {
    panel.resolution = real(entry);
    if (!(panel.resolution > 0)) fail(entry.place, `res is ${entry.text}; expected pixels per metre, such as 13333.3`);
    // A pixel of 10 cm, or of 1 nm, is a mistake about the unit, and every distance would be wrong with it.
    if (panel.resolution < 10 || panel.resolution > 1e9)
      fail(
        entry.place,
        `res is ${entry.text}, of which a pixel is ${Number((1 / panel.resolution).toPrecision(4))} m wide; expected ` +
          'pixels per metre, such as 13333.3 for 75 µm',
      );
  },
  coffset: (panel, { place, key, text }) => {
    const given = givenOf(place, key, text, 'length', { number: 'm', path: 'm' });
    if ('path' in given) fail(place, `coffset is "${text}"; expected a number of metres`);
    panel.offsetM = given.value;
  },
  data: (panel, { text }) => {
    panel.data = text;
  },
  adu_per_photon: (panel, entry) => {
    panel.unitsPerPhoton = positive(entry);
    panel.unitsPerEv = undefined;
  },
  adu_per_eV: (panel, entry) => {
    panel.unitsPerEv = positive(entry);
    panel.unitsPerPhoton = undefined;
  },
  max_adu: (panel, entry) => {
    panel.maximum = real(entry);
  },
  saturation_map: (panel, { text }) => {
    panel.saturationMap = text;
  },
  saturation_map_file: (panel, { text }) => {
    panel.saturationMapFile = text;
  },
  no_index: (panel, entry) => {
    panel.ignored = whole(entry) !== 0;
  },
  mask_edge_pixels: (panel, entry) => {
    panel.badEdge = whole(entry);
  },
  flag_lessthan: ({ badValues }, entry) => void badValues.push({ when: 'less', value: real(entry) }),
  flag_morethan: ({ badValues }, entry) => void badValues.push({ when: 'more', value: real(entry) }),
  flag_equal: ({ badValues }, entry) => void badValues.push({ when: 'equal', value: real(entry) }),
};

/** Sets one key of a panel or of the defaults; returns false if panels have no such key. */
function setPanel(panel: Draft, entry: Entry): boolean {
  const { key, text, place } = entry;
  if (panel.badValues.length > maxBadValues)
    fail(place, `more than ${maxBadValues} values of bad pixels are given (flag_lessthan, flag_morethan, flag_equal)`);
  const dimension = /^dim(\d)$/.exec(key);
  if (Object.hasOwn(panelSetters, key)) panelSetters[key]?.(panel, entry);
  else if (dimension) {
    const known = text === 'fs' || text === 'ss' || text === '%';
    panel.dimensions.set(Number(dimension[1]), known ? text : whole(entry));
  } else if (!setMask(panel, entry)) return false;
  panel.given.add(key);
  return true;
}

function setMask({ masks }: Draft, entry: Entry): boolean {
  const [, number, what = 'data'] = /^mask(\d?)(?:_(file|good|bad|goodbits|badbits|data))?$/.exec(entry.key) ?? [];
  if (number === undefined || Number(number) >= 8) return false;
  const mask = masks.get(Number(number)) ?? {};
  if (what === 'data') mask.path = entry.text;
  else if (what === 'file') mask.file = entry.text;
  else if (what.startsWith('good')) mask.goodBits = bitsOf(entry);
  else mask.badBits = bitsOf(entry);
  masks.set(Number(number), mask);
  return true;
}

/** The bits of a mask. Numbers of JavaScript have 32 of them, as those of CrystFEL. */
function bitsOf(entry: Entry): number {
  const bits = whole(entry);
  if (bits < 0 || bits > 0xffffffff)
    fail(entry.place, `${entry.key} is "${entry.text}"; expected bits of a mask, from 0x0 to 0xffffffff`);
  return bits;
}

const panelKeys = (
  'min_fs max_fs min_ss max_ss corner_x corner_y fs ss res coffset data adu_per_photon adu_per_eV max_adu ' +
  'saturation_map saturation_map_file no_index mask_edge_pixels flag_lessthan flag_morethan flag_equal dim0 mask ' +
  'mask0_data mask0_goodbits mask0_badbits'
).split(' ');
const topKeys = (
  'wavelength photon_energy electron_voltage bandwidth clen detector_shift_x detector_shift_y peak_list ' +
  'peak_list_type'
).split(' ');

function unknownKey(key: string): string {
  const near = nearest(key, [...panelKeys, ...topKeys]);
  return `"${key}" is not a key of geometry files${near ? `; did you mean "${near}"?` : ''}`;
}

type RegionDraft = { name: string; values: Map<string, number>; panel: string | undefined; place: LineOfFile };

function regionOf({ name, values, panel, place }: RegionDraft): BadRegion {
  const at = (key: string): number => values.get(key) ?? fail(place, `the bad region ${name} lacks ${key}`);
  if (['min_x', 'max_x', 'min_y', 'max_y'].some((key) => values.has(key)))
    return { name, minX: at('min_x'), maxX: at('max_x'), minY: at('min_y'), maxY: at('max_y') };
  return { name, minFs: at('min_fs'), maxFs: at('max_fs'), minSs: at('min_ss'), maxSs: at('max_ss'), panel };
}

function finishedPanel(draft: Draft, file: string): Panel {
  const { given, dimensions, masks, ...rest } = draft;
  const missing = ['min_fs', 'max_fs', 'min_ss', 'max_ss', 'corner_x', 'corner_y', 'fs', 'ss', 'res'].filter(
    (key) => !given.has(key),
  );
  if (missing.length > 0)
    throw new EwaldError('Format', `${file}: the panel ${draft.name} lacks ${missing.join(', ')}`);
  if (rest.maxFs < rest.minFs || rest.maxSs < rest.minSs)
    throw new EwaldError(
      'Format',
      `${file}: the panel ${draft.name} ends before it starts (fs ${rest.minFs} to ${rest.maxFs}, ` +
        `ss ${rest.minSs} to ${rest.maxSs})`,
    );
  if (rest.minFs < 0 || rest.minSs < 0)
    throw new EwaldError(
      'Format',
      `${file}: the panel ${draft.name} starts at fs ${rest.minFs}, ss ${rest.minSs}; pixels of the file are ` +
        'counted from 0',
    );
  const rank = Math.max(1, ...dimensions.keys()) + 1;
  const all = Array.from({ length: rank }, (_, i) => dimensions.get(i) ?? (['ss', 'fs'] as const)[i]);
  const open = all.indexOf(undefined);
  if (open >= 0) throw new EwaldError('Format', `${file}: the panel ${draft.name} lacks dim${open}`);
  for (const axis of ['fs', 'ss'] as const) {
    if (all.filter((one) => one === axis).length !== 1)
      throw new EwaldError(
        'Format',
        `${file}: the panel ${draft.name} needs exactly one dimension ${axis}; found ` +
          `are ${all.map((one, i) => `dim${i} = ${one}`).join(', ')}`,
      );
  }
  return {
    ...rest,
    dimensions: all as ('fs' | 'ss' | '%' | number)[],
    masks: [...masks].flatMap(([index, { path, file: of, goodBits = 0, badBits = 0 }]) =>
      path === undefined ? [] : [{ index, path, file: of, goodBits, badBits }],
    ),
  };
}

/** Masks by which no pixel is bad. */
const vainMasks = ({ masks }: Draft): string[] =>
  [...masks].flatMap(([index, { path, goodBits = 0, badBits = 0 }]) => {
    const name = `mask${index === 0 ? '' : index}`;
    if (path === undefined) return [`${name} has bits or a file, but no path; expected "${name} = /path" as well`];
    const said = `${name} (${path}) calls no pixel bad, because its good and bad bits are 0`;
    return goodBits === 0 && badBits === 0 ? [`${said}; expected ${name}_badbits, such as 0xffff`] : [];
  });

/**
 * Reads a CrystFEL geometry file.
 *
 * Throws `Format` with the file and the line. Unknown keys become `warnings`, since CrystFEL accepts them too.
 */
export function parseGeometry(given: TextOrBytes, file = 'geometry'): Geometry {
  const text = textOf('parseGeometry: the first argument', given);
  // Recognises common mistakes before reporting that the first line does not belong to a geometry.
  refuseNoText(text, file, 'a CrystFEL geometry (.geom)');
  if (text.startsWith('CrystFEL unit cell file'))
    throw new EwaldError('Format', `${file} is a unit cell, which belongs to -p; expected a CrystFEL geometry (.geom)`);
  const reader = new GeometryReader(file);
  for (const [index, raw] of text.split(/\r\n|\n|\r/).entries()) {
    const line = withoutComment(raw, ';');
    if (line !== '') reader.read(line, { file, line: index + 1 });
  }
  return reader.geometry();
}

/** What the lines of a file have set so far. */
class GeometryReader {
  readonly #file: string;
  readonly #defaults = emptyPanel('');
  readonly #drafts = new Map<string, Draft>();
  readonly #regions = new Map<string, RegionDraft>();
  readonly #groups = new Map<string, readonly string[]>();
  readonly #rigidGroups = new Map<string, readonly string[]>();
  readonly #warnings: string[] = [];
  /** Keys that are not read: the first line of each, and the number of others. */
  readonly #unknownKeys = new Map<string, { readonly line: number; more: number }>();
  /** Lines of defaults that no panel has taken yet. */
  readonly #unused = new Map<string, number>();
  readonly #shift: [Given, Given] = [{ value: 0 }, { value: 0 }];
  #radiation: { kind: RadiationKind; given: Given } | undefined;
  #distance: Given | undefined;
  #bandwidth: number | undefined;
  #peakList: string | undefined;
  #peakListType = 'auto';

  constructor(file: string) {
    this.#file = file;
  }

  read(line: string, place: LineOfFile): void {
    const equals = line.indexOf('=');
    if (equals < 0) fail(place, `"${line}" has no "="; expected lines such as "p0/min_fs = 0"`);
    const [left, text] = [line.slice(0, equals).trim(), line.slice(equals + 1).trim()];
    const slash = left.lastIndexOf('/');
    const [owner, key] = slash < 0 ? [undefined, left] : [left.slice(0, slash), left.slice(slash + 1)];
    const entry = { key, text, place };
    const [, rigid, group] = (owner === undefined && /^(rigid_)?group_(.+)$/.exec(key)) || [];
    if (group !== undefined) {
      const groups = rigid ? this.#rigidGroups : this.#groups;
      groups.set(
        group,
        text.split(',').map((name) => name.trim()),
      );
    } else if (owner?.startsWith('bad')) this.#setRegion(owner, entry);
    else if (!(owner === undefined ? this.#setCommon(entry) : this.#setOfPanel(owner, entry)))
      this.#unknown(key, place.line);
  }

  #unknown(key: string, line: number): void {
    const known = this.#unknownKeys.get(key);
    if (known) known.more++;
    else this.#unknownKeys.set(key, { line, more: 0 });
  }

  /** Throws `Format` where something is missing. */
  geometry(): Geometry {
    const file = this.#file;
    const drafts = this.#drafts;
    if (drafts.size === 0)
      throw new EwaldError('Format', `${file}: no panel is defined; expected lines such as "p0/min_fs = 0"`);
    const panels = [...drafts.values()].map((draft) => finishedPanel(draft, file));
    for (const [key, { line, more }] of this.#unknownKeys)
      this.#warnings.push(`line ${line}: ${unknownKey(key)}${more > 0 ? `; it is on ${more} further lines` : ''}`);
    for (const [key, line] of this.#unused)
      this.#warnings.push(`line ${line}: ${key} has no effect after the last panel; put it before the panels`);
    const gainless = panels.filter((panel) => panel.unitsPerPhoton === undefined && panel.unitsPerEv === undefined);
    if (gainless.length > 0)
      this.#warnings.push(
        `panel${gainless.length > 1 ? 's' : ''} ${panelNames(gainless)}: neither adu_per_photon nor adu_per_eV is ` +
          'given; one unit per photon is assumed',
      );
    this.#warnings.push(...new Set([...drafts.values()].flatMap(vainMasks)));
    const badRegions = [...this.#regions.values()].map(regionOf);
    for (const region of badRegions) {
      if ('panel' in region && region.panel !== undefined && !drafts.has(region.panel))
        throw new EwaldError(
          'Format',
          `${file}: the bad region ${region.name} is on "${region.panel}", which is not a panel`,
        );
    }
    return {
      radiation: this.#radiation,
      bandwidth: this.#bandwidth,
      distance: this.#distance,
      shift: this.#shift,
      panels,
      badRegions,
      groups: this.#groups,
      ...(this.#rigidGroups.size > 0 && { rigidGroups: this.#rigidGroups }),
      peakList: this.#peakList === undefined ? undefined : { path: this.#peakList, type: this.#peakListType },
      warnings: this.#warnings,
    };
  }

  #setRegion(name: string, { key, text, place }: Entry): void {
    const region = this.#regions.get(name) ?? { name, values: new Map(), panel: undefined, place };
    if (key === 'panel') region.panel = text;
    else if (/^(min|max)_(fs|ss|x|y)$/.test(key)) region.values.set(key, geometryNumber(place, key, text));
    else
      fail(
        place,
        `the bad region ${name} does not take "${key}"; expected min_fs … max_ss and panel, or min_x … max_y`,
      );
    this.#regions.set(name, region);
  }

  #setOfPanel(name: string, entry: Entry): boolean {
    let draft = this.#drafts.get(name);
    if (!draft) {
      draft = copyOf(this.#defaults, name);
      this.#drafts.set(name, draft);
      this.#unused.clear();
    }
    if (entry.key !== 'clen') return setPanel(draft, entry);
    // Old files give it for each panel.
    const distance = lengthOf(entry);
    if (this.#distance && !isSame(distance, this.#distance))
      fail(entry.place, `clen of ${name} is another than before; a detector has one clen, and coffset shifts a panel`);
    this.#distance = distance;
    return true;
  }

  /** A key of the whole detector, or a default of the panels that follow; false if neither has it. */
  #setCommon(entry: Entry): boolean {
    const { key, text, place } = entry;
    if (key === 'wavelength') this.#setBeam(entry, 'wavelength', 'm');
    else if (key === 'photon_energy') this.#setBeam(entry, 'photonEnergy', 'eV');
    else if (key === 'electron_voltage') this.#setBeam(entry, 'electronVoltage', undefined);
    else if (key === 'bandwidth') this.#bandwidth = real(entry);
    else if (key === 'clen') this.#distance = lengthOf(entry);
    else if (key === 'detector_shift_x') this.#shift[0] = lengthOf(entry, 'm');
    else if (key === 'detector_shift_y') this.#shift[1] = lengthOf(entry, 'm');
    else if (key === 'peak_list') this.#peakList = text;
    else if (key === 'peak_list_type') {
      if (!['cxi', 'list3', 'auto'].includes(text))
        fail(place, `peak_list_type is "${text}"; expected one of cxi, list3, auto`);
      this.#peakListType = text;
    } else {
      const isKnown = setPanel(this.#defaults, entry);
      if (isKnown) this.#unused.set(key, place.line);
      return isKnown;
    }
    return true;
  }

  #setBeam({ key, text, place }: Entry, kind: RadiationKind, alone: string | undefined): void {
    if (this.#radiation)
      fail(place, 'the radiation is given twice; expected one of wavelength, photon_energy, electron_voltage');
    const given = givenOf(place, key, text, kind, { number: alone, path: alone ?? 'V' });
    this.#radiation = { kind, given };
    if ('value' in given && !(given.value > 0)) fail(place, `${key} is "${text}"; expected a positive number`);
  }
}

/** Whether two values are equal, whatever units they are given in. */
const isSame = (a: Given, b: Given): boolean =>
  'value' in a && 'value' in b
    ? Math.abs(a.value - b.value) <= 1e-9 * Math.abs(b.value)
    : JSON.stringify(a) === JSON.stringify(b);

/** A length; CrystFEL takes one that a path names for millimetres in `clen`, and for metres in a shift. */
const lengthOf = ({ place, key, text }: Entry, path = 'mm'): Given =>
  givenOf(place, key, text, 'length', { number: 'm', path });
