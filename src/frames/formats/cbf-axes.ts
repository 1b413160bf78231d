/**
 * Determines where the panels of an imgCIF are, from its tables of axes with the settings of the first frame.
 *
 * Source: International Tables for Crystallography G, 3.7 (imgCIF dictionary): an axis moves everything that depends on
 * it, and its own offset and vector are given as they are before the axes on which it depends move it. z points to the
 * source.
 */
import type { DetectorPanel } from '../dataset.js';
import type { CifItems } from './cif.js';

type Vector = [number, number, number];

interface CifAxis {
  readonly isRotation: boolean;
  readonly parent: string;
  readonly vector: Vector;
  readonly offset: Vector;
}

/** Maximum depth of a chain of axes; a deeper one is considered cyclic. */
const deepest = 64;
/** Offsets of panels have rounding errors of 1e-15 m; no detector is nearer than this. */
const minDistanceM = 1e-3;
/** Maximum number of panels; the largest detectors have some hundreds. */
const maxPanels = 4096;

const parseNumber = (text: string | undefined): number => {
  const value = Number.parseFloat(text ?? '');
  return Number.isFinite(value) ? value : 0;
};

/** A point after a rotation by degrees about a vector through the origin. */
function rotatePoint([x, y, z]: Vector, vector: Vector, degrees: number): Vector {
  const length = Math.hypot(...vector) || 1;
  const [u, v, w] = vector.map((one) => one / length) as Vector;
  const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const along = (u * x + v * y + w * z) * (1 - c);
  return [
    x * c + u * along + (v * z - w * y) * s,
    y * c + v * along + (w * x - u * z) * s,
    z * c + w * along + (u * y - v * x) * s,
  ];
}

/** The values of a column of the CIF; an absent one is empty. */
type Column = (name: string) => readonly string[];

/** The axes of a CIF with their settings in the first frame. */
class Goniometer {
  readonly #axes = new Map<string, CifAxis>();
  readonly #settings = new Map<string, { angle: number; displacement: number }>();

  constructor(column: Column) {
    for (const [i, id] of column('_axis.id').entries()) {
      const three = (name: string): Vector =>
        [1, 2, 3].map((k) => parseNumber(column(`_axis.${name}[${k}]`)[i])) as Vector;
      this.#axes.set(id, {
        isRotation: column('_axis.type')[i] === 'rotation',
        parent: column('_axis.depends_on')[i] ?? '.',
        vector: three('vector'),
        offset: three('offset'),
      });
    }
    for (const [table, angle, displacement] of [
      ['_diffrn_scan_axis', 'angle_start', 'displacement_start'],
      ['_diffrn_scan_frame_axis', 'angle', 'displacement'],
    ] as const)
      for (const [i, id] of column(`${table}.axis_id`).entries())
        this.#settings.set(id, {
          angle: parseNumber(column(`${table}.${angle}`)[i]),
          displacement: parseNumber(column(`${table}.${displacement}`)[i]),
        });
  }

  parent(id: string): string | undefined {
    return this.#axes.get(id)?.parent;
  }

  /** The origin of an axis in the laboratory; `moved` is added to the displacements of some axes. */
  origin(from: string, moved: ReadonlyMap<string, number>): Vector | undefined {
    let point: Vector = [0, 0, 0];
    let id = from;
    for (let depth = 0; id !== '.' && id !== '?'; depth++) {
      const axis = this.#axes.get(id);
      if (!axis || depth > deepest) return undefined;
      const { angle, displacement } = this.#settings.get(id) ?? { angle: 0, displacement: 0 };
      const { vector, offset } = axis;
      const shift = axis.isRotation ? 0 : (moved.get(id) ?? 0) + displacement;
      if (axis.isRotation) point = rotatePoint(point, vector, angle);
      point = point.map((x, k) => x + (vector[k] as number) * shift + (offset[k] as number)) as Vector;
      id = axis.parent;
    }
    return point;
  }
}

/** An axis along which the pixels of an array lie; lengths in mm. */
interface PixelAxis {
  readonly axis: string;
  readonly displacement: number;
  readonly step: number;
}

const pixelAxes = (column: Column): ReadonlyMap<string, PixelAxis> =>
  new Map(
    column('_array_structure_list_axis.axis_set_id').map((set, i) => [
      set,
      {
        axis: column('_array_structure_list_axis.axis_id')[i] ?? set,
        displacement: parseNumber(column('_array_structure_list_axis.displacement')[i]),
        step: parseNumber(column('_array_structure_list_axis.displacement_increment')[i]),
      },
    ]),
  );

/** A section of an array: its sets of axes, sizes and first pixels, fast axis first. */
interface Section {
  readonly sets: string[];
  readonly sizes: number[];
  readonly first: number[];
  readonly module: number[];
}

/** The sections by name; undefined if there are too many. */
function sectionsOf(column: Column): ReadonlyMap<string, Section> | undefined {
  /** First pixel of a section along an index, from 0. */
  const starts = new Map<string, number>();
  for (const [i, id] of column('_array_structure_list_section.id').entries()) {
    const index = column('_array_structure_list_section.index')[i];
    starts.set(`${id} ${index}`, parseNumber(column('_array_structure_list_section.start')[i]) - 1);
  }
  const arrays = [...new Set(column('_array_structure_list.array_id'))];
  const sections = new Map<string, Section>();
  for (const [i, array] of column('_array_structure_list.array_id').entries()) {
    const set = column('_array_structure_list.axis_set_id')[i] ?? '.';
    const precedence = parseNumber(column('_array_structure_list.precedence')[i]);
    if (set === '.' || set === '?' || precedence < 1 || precedence > 2) continue;
    const name = column('_array_structure_list.array_section_id')[i] ?? array;
    const index = column('_array_structure_list.index')[i];
    const planes = starts.get(`${name} 3`);
    const section = sections.get(name) ?? {
      sets: [],
      sizes: [],
      first: [],
      module: [...(arrays.length > 1 ? [arrays.indexOf(array)] : []), ...(planes === undefined ? [] : [planes])],
    };
    section.sets[precedence - 1] = set;
    section.sizes[precedence - 1] = parseNumber(column('_array_structure_list.dimension')[i]);
    section.first[precedence - 1] = starts.get(`${name} ${index}`) ?? 0;
    sections.set(name, section);
    if (sections.size > maxPanels) return undefined;
  }
  return sections;
}

/** From mm with z towards the source to metres with z along the beam. */
const metresAlongBeam = ([x, y, z]: Vector): Vector => [-x / 1000, y / 1000, -z / 1000];
const subtract = (p: Vector, q: Vector): Vector => p.map((x, k) => x - (q[k] as number)) as Vector;

/** The panel of a section; undefined if the axes do not state where it is. */
function placePanel(
  name: string,
  { sets, sizes, module, first }: Section,
  listed: ReadonlyMap<string, PixelAxis>,
  goniometer: Goniometer,
): DetectorPanel | undefined {
  const [fast, slow] = sets.map((set) => listed.get(set ?? ''));
  const [width = 0, height = 0] = sizes;
  if (!fast || !slow || !(width > 0 && height > 0)) return undefined;
  const from = goniometer.parent(fast.axis) === slow.axis ? fast.axis : slow.axis;
  const at = (i: number, j: number): Vector | undefined =>
    goniometer.origin(
      from,
      new Map([
        [fast.axis, fast.displacement + i * fast.step],
        [slow.axis, slow.displacement + j * slow.step],
      ]),
    );
  const [corner, right, down] = [at(0, 0), at(1, 0), at(0, 1)];
  if (!corner || !right || !down) return undefined;
  return {
    name,
    module,
    width,
    height,
    first: { x: first[0] ?? 0, y: first[1] ?? 0 },
    cornerM: metresAlongBeam(corner),
    fastM: metresAlongBeam(subtract(right, corner)),
    slowM: metresAlongBeam(subtract(down, corner)),
  };
}

/**
 * The panels of the detector, undefined if the text does not describe all of them; lengths in metres, z along the beam.
 */
export function panelsOf(items: CifItems): readonly DetectorPanel[] | undefined {
  const column: Column = (name) => items.get(name) ?? [];
  const goniometer = new Goniometer(column);
  const listed = pixelAxes(column);
  const found: DetectorPanel[] = [];
  for (const [name, section] of sectionsOf(column) ?? []) {
    const panel = placePanel(name, section, listed, goniometer);
    if (!panel) return undefined;
    found.push(panel);
  }
  // Axes without settings leave the detector at the sample.
  const distanceM = found.reduce((sum, { cornerM }) => sum + cornerM[2], 0) / found.length;
  return distanceM > minDistanceM ? found : undefined;
}
