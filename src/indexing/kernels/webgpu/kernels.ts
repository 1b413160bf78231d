/** The kernels of wgsl/indexing in the order in which a chunk passes through them, and their bindings. */
import advance from '../../../../wgsl/indexing/advance.wgsl';
import choose from '../../../../wgsl/indexing/choose.wgsl';
import count from '../../../../wgsl/indexing/count.wgsl';
import fixVectors from '../../../../wgsl/indexing/fix_vectors.wgsl';
import insert from '../../../../wgsl/indexing/insert.wgsl';
import judge from '../../../../wgsl/indexing/judge.wgsl';
import ladder from '../../../../wgsl/indexing/ladder.wgsl';
import listCells from '../../../../wgsl/indexing/list_cells.wgsl';
import listGoing from '../../../../wgsl/indexing/list_going.wgsl';
import ownSpots from '../../../../wgsl/indexing/own_spots.wgsl';
import rankCells from '../../../../wgsl/indexing/rank_cells.wgsl';
import refineCells from '../../../../wgsl/indexing/refine_cells.wgsl';
import refineHits from '../../../../wgsl/indexing/refine_hits.wgsl';
import rotate from '../../../../wgsl/indexing/rotate.wgsl';
import sample from '../../../../wgsl/indexing/sample.wgsl';
import scoreCells from '../../../../wgsl/indexing/score_cells.wgsl';
import select from '../../../../wgsl/indexing/select.wgsl';
import spots from '../../../../wgsl/indexing/spots.wgsl';
import turnAll from '../../../../wgsl/indexing/turn_all.wgsl';
import writeAssignment from '../../../../wgsl/indexing/write_assignment.wgsl';
import writeCells from '../../../../wgsl/indexing/write_cells.wgsl';
import { boundBuffers } from '../../../compute/backends/webgpu/bound.js';
import type { Commands } from '../../../compute/backends/webgpu/commands.js';
import type { GpuDevice } from '../../../compute/backends/webgpu/device.js';
import type { GpuBuffer } from '../../../compute/backends/webgpu/pool.js';
import { indexingCapacities } from '../../../compute/layout/indexing-webgpu.js';

/** The quantities that determine the number of workgroups of a kernel. */
export interface Extent {
  readonly images: number;
  /** Workgroups that share the candidates of an image, or the directions of the exhaustive method. */
  readonly candidates: number;
  /** Cells that are refined in one pass. */
  readonly fresh: number;
  readonly points: number;
  readonly groups: number;
  readonly vectors: number;
}
type Groups = readonly [x: number, y?: number, z?: number];

interface Kernel {
  readonly source: string;
  readonly entry: string;
  readonly groups: (extent: Extent) => Groups;
}

const perImage = ({ images }: Extent): Groups => [images];

const taking: Kernel[] = [{ source: spots, entry: 'take_spots', groups: perImage }];
const fastRound: Kernel[] = [
  { source: sample, entry: 'sample', groups: perImage },
  { source: ladder, entry: 'climb', groups: perImage },
  { source: rotate, entry: 'search_rotation', groups: ({ images, candidates }) => [images, candidates] },
  { source: choose, entry: 'choose_hits', groups: perImage },
  { source: refineHits, entry: 'refine_hits', groups: ({ images, fresh }) => [images, fresh] },
  { source: insert, entry: 'insert_fresh', groups: perImage },
  { source: judge, entry: 'judge', groups: ({ images }) => [images, indexingCapacities.maxJudged] },
  { source: advance, entry: 'advance', groups: perImage },
];
const exhaustiveRound: Kernel[] = [
  {
    source: count,
    entry: 'count_directions',
    groups: ({ images, points, groups }) => [images, Math.ceil(points / 512), groups],
  },
  { source: select, entry: 'select_vectors', groups: ({ images, groups }) => [images, groups] },
  {
    source: fixVectors,
    entry: 'refine_vectors',
    groups: ({ images, vectors, groups }) => [images, Math.ceil(vectors / 32), groups],
  },
  { source: turnAll, entry: 'turn_all', groups: ({ images, candidates }) => [images, candidates] },
  { source: listCells, entry: 'list_cells', groups: perImage },
  { source: scoreCells, entry: 'score_cells', groups: perImage },
  { source: refineCells, entry: 'refine_cells', groups: ({ images, fresh }) => [images, fresh] },
  { source: rankCells, entry: 'rank_cells', groups: perImage },
  { source: judge, entry: 'judge', groups: ({ images }) => [images, indexingCapacities.maxJudged] },
  { source: advance, entry: 'advance', groups: perImage },
];
/** After every round, and before the first. */
const listing: Kernel[] = [{ source: listGoing, entry: 'list_going', groups: () => [1] }];
const finishing: Kernel[] = [
  { source: ownSpots, entry: 'refine_on_own_spots', groups: perImage },
  { source: writeCells, entry: 'write_cells', groups: perImage },
  { source: writeAssignment, entry: 'write_assignment', groups: perImage },
];

/** Records the kernels of a stage, and calls `after` after each. */
export type Stage = (commands: Commands, extent: Extent, after?: (entry: string) => void) => void;

/** The stages of a method, ready for recording. */
export interface Stages {
  readonly take: Stage;
  readonly list: Stage;
  readonly round: Stage;
  readonly finish: Stage;
}

/** Compiles the kernels of a method and binds them to the buffers that their shaders name. */
export async function makeStages(
  device: GpuDevice,
  exhaustive: boolean,
  buffers: Readonly<Record<string, GpuBuffer>>,
): Promise<Stages> {
  const stage = async (kernels: readonly Kernel[]): Promise<Stage> => {
    const made = await Promise.all(
      kernels.map(async ({ source, entry, groups }) => {
        const pipeline = await device.pipeline({ source, entry });
        return { entry, pipeline, bindings: device.bind(pipeline, boundBuffers(source, buffers)), groups };
      }),
    );
    return (commands, extent, after) => {
      for (const { entry, pipeline, bindings, groups } of made) {
        commands.dispatch(pipeline, bindings, ...groups(extent));
        after?.(entry);
      }
    };
  };
  const [take, list, round, finish] = await Promise.all([
    stage(taking),
    stage(listing),
    stage(exhaustive ? exhaustiveRound : fastRound),
    stage(finishing),
  ]);
  return { take, list, round, finish } as Stages;
}
