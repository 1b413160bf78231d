/** Where the modules of a NeXus detector are, by its NXdetector_module groups and their chains of transformations. */

import { attributeText, type Catalog } from '../../hdf5/catalog.js';
import { Hdf5Dataset } from '../../hdf5/dataset.js';
import { type Hdf5File, Hdf5Group } from '../../hdf5/file.js';
import { isEwaldError, messageOf } from '../../util/errors.js';
import type { DetectorPanel, Note, XY } from '../dataset.js';
import { chainFrom, notesOnAxes, pixelStep, placed, turned, type Vector } from './transformations.js';

/** What a file says about the places of its modules. */
export interface Modules {
  readonly panels: readonly DetectorPanel[];
  readonly notes: readonly Note[];
}

/** The modules of a detector; undefined if it describes none. */
export async function modulesOf(
  { file, entries }: Catalog,
  detector: string,
  signal: readonly number[],
): Promise<Modules | undefined> {
  const groups: string[] = [];
  for (const { path, object } of entries)
    if (object instanceof Hdf5Group && path.startsWith(`${detector}/`))
      if ((await attributeText(object, 'NX_class')) === 'NXdetector_module') groups.push(path);
  if (groups.length === 0) return undefined;
  const panels: DetectorPanel[] = [];
  const remarks: string[] = [];
  try {
    for (const [i, path] of groups.entries()) {
      const module = await panelOf(file, path, detector, signal, groups.length === 1 ? 'p0' : `p${i}`);
      if (!module) return { panels: [], notes: [unread(`${path} does not state its pixels`)] };
      panels.push(module.panel);
      remarks.push(...module.remarks);
    }
  } catch (error) {
    if (!isEwaldError(error) || error.tag === 'Aborted') throw error;
    return { panels: [], notes: [unread(messageOf(error))] };
  }
  return { panels, notes: notesOnAxes(remarks) };
}

const unread = (why: string): Note => ({
  kind: 'warning',
  text: `the places of the detector's modules cannot be read: ${why}; use a geometry file`,
});

async function panelOf(
  file: Hdf5File,
  path: string,
  detector: string,
  signal: readonly number[],
  name: string,
): Promise<{ readonly panel: DetectorPanel; readonly remarks: readonly string[] } | undefined> {
  const [fast, slow] = [`${path}/fast_pixel_direction`, `${path}/slow_pixel_direction`];
  for (const each of [fast, slow]) if (!((await file.get(each)) instanceof Hdf5Dataset)) return undefined;
  const f = await pixelStep(file, fast, detector);
  const s = await pixelStep(file, slow, detector);
  const chain = await chainFrom(file, f.dependsOn, detector);
  const other = s.dependsOn === f.dependsOn ? chain : await chainFrom(file, s.dependsOn, detector);
  const place = await regionOf(file, path, signal);
  if (!place) return undefined;
  return {
    panel: {
      name,
      ...place,
      cornerM: placed(chain, f.offsetM),
      fastM: turned(chain, f.stepM),
      slowM: turned(other, s.stepM),
    },
    remarks: [...chain.remarks, ...other.remarks, ...f.remarks, ...s.remarks],
  };
}

/** The pixels of a module: the axes before the last two number the modules. */
async function regionOf(
  file: Hdf5File,
  path: string,
  signal: readonly number[],
): Promise<Pick<DetectorPanel, 'module' | 'first' | 'width' | 'height'> | undefined> {
  const origin = await wholesAt(file, `${path}/data_origin`);
  const size = await wholesAt(file, `${path}/data_size`);
  const [rows = 0, columns = 0] = signal.slice(-2);
  if (!origin || !size) return { module: [], first: { x: 0, y: 0 }, width: columns, height: rows };
  const [y = 0, x = 0] = origin.slice(-2);
  // Some writers state the size of all modules, [modules, ss, fs].
  const [height = rows, width = columns] = size.slice(-2);
  // An axis of frames may come first.
  const before = origin.slice(0, -2);
  const module = before.slice(before.length - (signal.length - 2));
  return { module: signal.length > 2 ? module : [], first: { x, y }, width, height };
}

async function wholesAt(file: Hdf5File, path: string): Promise<number[] | undefined> {
  const hdf5Object = await file.get(path);
  if (!(hdf5Object instanceof Hdf5Dataset) || hdf5Object.shape.length !== 1) return undefined;
  const all = Array.from((await hdf5Object.value()) as ArrayLike<number | bigint>, Number);
  return all.length >= 2 && all.every(Number.isSafeInteger) ? all : undefined;
}

const near = (a: number, b: number, scale: number): boolean => Math.abs(a - b) <= 1e-6 * scale;

/**
 * The distance, pixel size and beam centre of one panel that faces the beam with its rows along x and its columns along
 * y, as its header describes it; undefined for any other.
 */
export function flatPlace(
  panels: readonly DetectorPanel[],
): { readonly distanceM: number; readonly pixelSizeM: XY; readonly beamCentrePx: XY } | undefined {
  const [only] = panels;
  if (!only || panels.length > 1 || only.module.length > 0 || only.first.x !== 0 || only.first.y !== 0)
    return undefined;
  const { cornerM, fastM, slowM } = only;
  const [fast, slow] = [Math.hypot(...fastM), Math.hypot(...slowM)];
  const alongX = near(fastM[0], fast, fast) && near(slowM[1], slow, slow);
  if (!alongX || !(cornerM[2] > 0)) return undefined;
  return {
    distanceM: cornerM[2],
    pixelSizeM: { x: fast, y: slow },
    beamCentrePx: { x: -cornerM[0] / fast, y: -cornerM[1] / slow },
  };
}

const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

/** Where the beam meets the plane of a panel, in pixels of the frame; undefined if it does not. */
export function beamOn({ cornerM, fastM, slowM, first }: DetectorPanel): XY | undefined {
  const normal = cross(fastM, slowM);
  const along = normal[2];
  const distance = cornerM[0] * normal[0] + cornerM[1] * normal[1] + cornerM[2] * normal[2];
  if (Math.abs(along) < 1e-12 || !(distance / along > 0)) return undefined;
  const to: Vector = [-cornerM[0], -cornerM[1], distance / along - cornerM[2]];
  const area = normal[0] ** 2 + normal[1] ** 2 + normal[2] ** 2;
  const part = (a: Vector, b: Vector): number => {
    const c = cross(a, b);
    return (c[0] * normal[0] + c[1] * normal[1] + c[2] * normal[2]) / area;
  };
  return { x: first.x + part(to, slowM), y: first.y + part(fastM, to) };
}
