/**
 * Residuals of a crystal's peaks and their derivatives as a record of Millepede-II (V. Blobel, Nucl. Instrum. Methods A
 * 566 (2006) 5), from which CrystFEL's `align_detector` refines a geometry.
 *
 * A record is a 32-bit integer, twice the number of words, then as many 32-bit floats and as many 32-bit integers,
 * little-endian; the first of each is 0. Each measurement is its residual with the integer 0, the derivatives by the
 * crystal's parameters with their numbers from 1, its error with the integer 0, and the derivatives by the parameters
 * of the detector with their labels.
 *
 * Measurements, errors and labels are those of CrystFEL: predicted minus found position along both scans in pixels
 * (0.3), and the excitation error in 0.01/nm (0.2). The crystal's parameters are the components of a*, b*, c* in 1/nm.
 * A label is the number of a group plus 1, 2, 3 for its shift along x, y, z in metres, and 4, 5, 6 for its rotation
 * about them in radians. The group `all` has the number 0, and its members have 100, 200, …; at each further level the
 * step is a hundred times as large, and the number of the parent is added. Millepede's results are subtracted from the
 * geometry.
 */

import { cross, dot, reciprocal, type Vector } from '../crystal/cell.js';
import type { Geometry } from '../crystal/geometry/geometry.js';
import { EwaldError } from '../util/errors.js';
import { median } from '../util/median.js';
import { locals, type Plane, planeOf, Ray } from './ray.js';
import type { GeometryCrystal } from './refine-geometry.js';
import { placed, unitsOf } from './units.js';

/** A group or panel that can move: its number, and the centre about which it rotates. */
interface Member {
  readonly serial: number;
  readonly level: number;
  readonly centre: Vector;
}

/** Errors of positions in pixels, and of excitation errors in the unit below, as CrystFEL writes them. */
const [positionError, excitationError] = [0.3, 0.2];
/** Unit of excitation errors, 1/Å. */
const excitationUnit = 1e-3;
/** 1/nm in 1/Å. */
const inverseNm = 0.1;
/** Fewest peaks of a crystal, and number of scatters beyond which a peak is omitted. */
const [fewest, gate] = [12, 6];
/** Most members of a group, for which labels have room. */
const maxMembers = 99;

/** Writes the records of the crystals of a geometry. */
export class MilleRecords {
  readonly #panels: readonly Plane[];
  /** For each panel, the groups that contain it, from the panel itself to the whole detector. */
  readonly #chains: readonly (readonly Member[])[];

  /** Throws `Unsupported` for groups with more members than labels have room for. */
  constructor(geometry: Geometry, maxLevel: number) {
    this.#panels = geometry.panels.map((panel) => planeOf(placed(panel)));
    const chains: Member[][] = geometry.panels.map(() => []);
    for (const { panels, ...member } of membersOf(geometry))
      if (member.level <= maxLevel) for (const i of panels) chains[i]?.unshift(member);
    this.#chains = chains;
  }

  /** The record of a crystal; undefined if it has too few peaks to fix its own parameters. */
  record({ beam, cell, panel, fs, ss, indices }: GeometryCrystal): { bytes: Uint8Array; pairs: number } | undefined {
    const ray = new Ray();
    ray.from(reciprocal(cell), beam);
    const meet = (i: number): boolean => ray.meet(indices, 3 * i, this.#panels[panel[i] as number] as Plane);
    const sizes = Array.from({ length: panel.length }, (_, i) =>
      meet(i) ? Math.hypot(ray.f - (fs[i] as number), ray.s - (ss[i] as number)) : Number.POSITIVE_INFINITY,
    );
    const most = gate * median(sizes);
    const words = new Words();
    const isFixed = new Set<number>();
    let pairs = 0;
    for (const [i, size] of sizes.entries()) {
      if (!(size <= most) || !meet(i)) continue;
      ray.derive();
      pairs++;
      const hkl = [indices[3 * i], indices[3 * i + 1], indices[3 * i + 2]] as [number, number, number];
      for (const [n, h] of hkl.entries()) if (h !== 0) isFixed.add(n);
      const along = [[...ray.alongF], [...ray.alongS], [...ray.direction].map((x) => x / excitationUnit)];
      const residuals = [ray.f - (fs[i] as number), ray.s - (ss[i] as number), ray.excitation / excitationUnit];
      // The excitation error has the derivatives of the point on the sphere; see `Ray.onSphere`.
      const onSphere = cell.map((edge) => dot(edge, [...ray.onSphere] as unknown as Vector));
      for (const [k, by] of along.entries()) {
        const at = k === 2 ? onSphere : hkl;
        words.put(residuals[k] as number, 0);
        for (let p = 0; p < locals; p++)
          words.derivative(inverseNm * (at[Math.floor(p / 3)] as number) * (by[p % 3] as number), p + 1);
        words.put(k < 2 ? positionError : excitationError, 0);
        if (k < 2)
          for (const member of this.#chains[panel[i] as number] ?? [])
            words.member(member, by as unknown as Vector, ray);
      }
    }
    return pairs < fewest || isFixed.size < 3 ? undefined : { bytes: words.bytes(), pairs };
  }
}

/** Collects the words of a record. */
class Words {
  readonly #floats: number[] = [0];
  readonly #integers: number[] = [0];

  put(value: number, integer: number): void {
    this.#floats.push(value);
    this.#integers.push(integer);
  }

  derivative(value: number, label: number): void {
    if (value !== 0) this.put(value, label);
  }

  /** The derivatives by the motion of a group: the prediction moves against its panel. */
  member({ serial, centre }: Member, along: Vector, { point, stretch }: Ray): void {
    const arm = [...point].map((x, i) => x - (centre[i] as number)) as unknown as Vector;
    for (let p = 0; p < 6; p++) {
      const unit: Vector = [p % 3 === 0 ? 1 : 0, p % 3 === 1 ? 1 : 0, p % 3 === 2 ? 1 : 0];
      const by = p < 3 ? unit : cross(unit, arm);
      this.derivative(-dot(along, by) / stretch, serial + p + 1);
    }
  }

  bytes(): Uint8Array {
    const count = this.#floats.length;
    const view = new DataView(new ArrayBuffer(4 + 8 * count));
    view.setInt32(0, 2 * count, true);
    for (const [i, value] of this.#floats.entries()) view.setFloat32(4 + 4 * i, value, true);
    for (const [i, value] of this.#integers.entries()) view.setInt32(4 + 4 * (count + i), value, true);
    return new Uint8Array(view.buffer);
  }
}

/** The groups and panels of a detector with their numbers, each after the one that contains it. */
function membersOf(geometry: Geometry): (Member & { readonly panels: readonly number[] })[] {
  const units = unitsOf(geometry);
  const found: (Member & { readonly panels: readonly number[] })[] = [];
  for (const [u, { name, parent, panels, centre }] of units.entries()) {
    const above = found[parent];
    if (!above) {
      found.push({ serial: 0, level: 0, centre, panels });
      continue;
    }
    // Members are numbered in the order in which the geometry names them; without groups, in that of the panels.
    const named = geometry.groups.get(units[parent]?.name ?? 'all');
    const siblings = units.flatMap((unit, i) => (unit.parent === parent ? [i] : []));
    const place = named?.includes(name ?? '') ? named.indexOf(name ?? '') : siblings.indexOf(u);
    const serial = above.serial + 100 ** (above.level + 1) * (place + 1);
    if (place >= maxMembers || serial + 6 > 2 ** 31 - 1)
      throw new EwaldError(
        'Unsupported',
        `mille: the group ${units[parent]?.name ?? 'all'} has more than ${maxMembers} members, or is nested too ` +
          'deeply, for the labels of Millepede; refine the geometry with ewald geometry refine',
      );
    found.push({ serial, level: above.level + 1, centre, panels });
  }
  return found;
}
