/**
 * Mistakes that the case tables must detect: each is one change to a copy of the C++ sources, with the cheapest rows
 * that detect it.
 *
 * `find` must occur in the file exactly once; after a change of the source, scripts/mutants.mjs reports the mutants
 * that no longer match. Mistakes that do not change any result are of no use here: `x (x + 1) + y (y + 1)` is even and
 * 2³² − 1 is odd, so `<` for `<=` in the in-circle test changes nothing.
 */

import { fftMutants } from './mutants-fft.mjs';
import { lawMutants } from './mutants-laws.mjs';
import { roomMutants } from './mutants-rooms.mjs';

const constant = (name, value) => ({
  name: `pi: ${name} is ${value}`,
  file: 'pi/philox.h',
  find: '#include "generated/layout.h"\n',
  replace: `#include "generated/layout.h"\n#undef ${name}\n#define ${name} ${value}\n`,
  // A thousand points may agree by chance.
  ids: ['pi:count:points=1e3', 'pi:count:points=65536', 'pi:count:points=1e6'],
});
const search = 'indexing:exhaustive:reference:tri:n=40:*';
const tri = 'indexing:fast:tri:n=100:*';
const raw = 'indexing:exhaustive:reference:tri:n=30:*';
const stage = (name, method) => `indexing:stages:${name}:${method}:*`;
const noisy = 'indexing:fast:tri:n=300:*';

export const mutants = [
  ...fftMutants,
  ...roomMutants,
  ...lawMutants,
  constant('EWALD_PHILOX_M0', '0xd2511f57u'),
  constant('EWALD_PHILOX_M1', '0xcd9e8d59u'),
  constant('EWALD_PHILOX_W0', '0x9e3779bbu'),
  constant('EWALD_PHILOX_W1', '0xbb67ae87u'),
  constant('EWALD_PHILOX_ROUNDS', '9u'),
  {
    name: 'pi: single points take y for more than it is',
    file: 'pi/philox.h',
    find: '~(y * (y + 1))',
    replace: '~(y * 65536)',
    ids: ['pi:single'],
  },
  {
    name: 'pi: the circle of whole blocks is a little small',
    file: 'pi/isa/count.cpp',
    find: 'splat(32768u * 32769u)',
    replace: 'splat(32768u * 32770u)',
    ids: ['pi:count:points=1e7'],
  },
  {
    name: 'pi: the stream is left out of whole blocks',
    file: 'pi/isa/count.cpp',
    find: 'stream_word = splat(stream)',
    replace: 'stream_word = splat(0u)',
    ids: ['pi:count:stream=1:*'],
  },
  {
    name: 'pi: no stop at the carry of the low counter word',
    file: 'pi/isa/count.cpp',
    find: 'if (stretch > to_carry) stretch = to_carry;',
    replace: '',
    ids: ['pi:count:first=2^34-131072:*'],
  },
  {
    name: 'pi: blocks left over are counted from one too far',
    file: 'pi/isa/count.cpp',
    find: 'for (; block < end; block++) {',
    replace: 'for (block++; block < end; block++) {',
    ids: ['pi:count:points=7', 'pi:count:points=1e3'],
  },
  {
    name: 'pi: a cut first block loses a point',
    file: 'pi/pi.cpp',
    find: 'uint32_t(first % 4), 4)',
    replace: 'uint32_t(first % 4) + 1, 4)',
    ids: ['pi:split:first=1:*'],
  },
  {
    name: 'pi: a cut last block loses a point',
    file: 'pi/pi.cpp',
    find: '--whole_end, 0, uint32_t(end % 4))',
    replace: '--whole_end, 0, uint32_t(end % 4) - 1)',
    ids: ['pi:split:first=1:*', 'pi:count:points=63'],
  },
  {
    name: 'pi: single points forget the high counter word',
    file: 'pi/pi.cpp',
    find: '{{uint32_t(block), uint32_t(block >> 32), params.stream, 0}}',
    replace: '{{uint32_t(block), 0, params.stream, 0}}',
    ids: ['pi:single:first=2^34-8:*'],
  },
  {
    name: 'pi: threads after the first begin a block late',
    file: 'pi/pi.cpp',
    find: 'const uint64_t begin = item * job.share;',
    replace: 'const uint64_t begin = item * job.share + (item > 0);',
    ids: ['pi:count:first=1:threads=2:*', 'pi:count:first=1:threads=7:*'],
    on: 'native',
  },
  {
    name: 'pi: the share of the last thread is not cut',
    file: 'pi/pi.cpp',
    find: 'begin + job.share > job.blocks ?',
    replace: 'begin > job.blocks ?',
    ids: ['pi:count:first=1:threads=3:*', 'pi:count:first=1:threads=7:*'],
    on: 'native',
  },
  { ...constant('EWALD_PHILOX_ROUNDS', '11u'), on: 'native' },

  {
    name: 'indexing: not the golden angle',
    file: 'indexing/tables.cpp',
    find: 'void fill_spiral(float* cosine, float* sine, int points) {',
    replace:
      'void fill_spiral(float* cosine, float* sine, int points) {\n  const double spiral_cos = 0.7221720937, ' +
      'spiral_sin = 0.6917125786;',
    ids: [raw],
  },
  {
    name: 'indexing: heights of the spiral are half a step off',
    file: 'indexing/isa/sample.cpp',
    find: 'drop = (k + 0.5) / points',
    replace: 'drop = (k + 1.0) / points',
    ids: [raw],
  },
  {
    name: 'indexing: the membership spheres are a third too large',
    file: 'indexing/tables.cpp',
    find: 'cbrt(3 * acceptance_occupancy',
    replace: 'cbrt(4 * acceptance_occupancy',
    ids: [tri],
  },
  {
    name: 'indexing: an axis counts as of twice its order',
    file: 'indexing/tables.cpp',
    find: 'base.fold = order;',
    replace: 'base.fold = 2 * order;',
    ids: ['indexing:fast:hex:*', 'indexing:fast:perfect:hex', 'indexing:fast:mono:*', 'indexing:fast:ortho:*'],
  },
  {
    name: 'indexing: refined planes are chosen by the wider limits of the draft',
    file: 'include/generated/search.h',
    find: '{0.1}, {0.05}, {0.025}, {0.01}',
    replace: '{0.3}, {0.15}, {0.075}, {0.0375}',
    ids: [search, 'indexing:exhaustive:reference'],
  },
  {
    name: 'indexing: node_distance is a tenth too wide',
    file: 'indexing/isa/exhaustive.cpp',
    find: 'delta = splat(p.delta), limit2 = splat(p.node_distance * p.node_distance)',
    replace: 'delta = splat(p.delta), limit2 = splat(1.21f * p.node_distance * p.node_distance)',
    ids: [search, 'indexing:exhaustive:reference'],
  },
  {
    name: 'indexing: directions are counted by half of plane_distance',
    file: 'indexing/isa/sample.cpp',
    find: 'const F limit = splat(distance * distance);',
    replace: 'const F limit = splat(0.25f * distance * distance);',
    ids: [raw],
  },
  {
    name: 'indexing: the mean distance keeps its delta',
    file: 'indexing/isa/exhaustive.cpp',
    find: 'exp2(log2_sum / n) - delta',
    replace: 'exp2(log2_sum / n)',
    ids: [search],
  },
  {
    name: 'indexing: least squares of a vector drop a term',
    file: 'indexing/isa/stages.h',
    find: 'sums.y = fma(pull, splat(r[1]), sums.y);',
    replace: 'sums.y = fma(pull, splat(r[0]), sums.y);',
    ids: [search],
  },
  {
    name: 'indexing: the published refinement contracts faster',
    file: 'indexing/isa/classic.cpp',
    find: 'limit *= p.contraction;\n        cell = fitted;\n      }\n      break;',
    replace: 'limit *= 0.5 * p.contraction;\n        cell = fitted;\n      }\n      break;',
    ids: ['indexing:exhaustive:reference:tri:n=60:refinement=ifssr:*'],
  },
  {
    name: 'indexing: the rotation fit turns the wrong way',
    file: 'indexing/least_squares.h',
    find: 'turn = {w[0], w[1], w[2]};',
    replace: 'turn = {-w[0], -w[1], -w[2]};',
    ids: ['indexing:fast:mono:n=10:*', 'indexing:fast:mono:n=20:*', noisy],
  },
  {
    name: 'indexing: the cell fit drops a row',
    file: 'indexing/isa/refine.cpp',
    find: 'r6 = fma(ez, qx, r6)',
    replace: 'r6 = fma(ey, qx, r6)',
    ids: ['indexing:fast:cell-off=1%:*', noisy],
  },
  {
    name: 'indexing: another index pairs with the angle',
    file: 'indexing/isa/rotate.cpp',
    find: 'fnma(b_y, xs, b_x * ys)',
    replace: 'fma(b_y, xs, b_x * ys)',
    ids: [search],
  },
  {
    name: 'indexing: truncation looks at two of three coordinates',
    file: 'indexing/isa/spots.cpp',
    find: 'float(x * x + y * y + z * z)',
    replace: 'float(x * x + y * y)',
    ids: ['indexing:fast:perfect:tri:max=80'],
  },
  {
    name: 'indexing: every best lattice is accepted',
    file: 'indexing/isa/multi.cpp',
    find: 'work.lattices[0].log10_chance <= plan.params.accept_log10)',
    replace: 'work.lattices[0].log10_chance <= 0)',
    ids: ['indexing:fast:noise:n=20:*', 'indexing:fast:noise'],
  },
  {
    name: 'indexing: whatever a glance finds ends the search',
    file: 'indexing/known_cell.h',
    find: 'lattice.log10_chance <= accept_log10 - glance_decades && lattice.merit > glance_share * n',
    replace: 'n > 0',
    on: 'native',
    ids: ['indexing:fast:tri:n=50:*'],
  },
  {
    name: 'indexing: a search without a winner counts as settled',
    file: 'indexing/isa/image.cpp',
    find: 'if (work.unsettled) result.flags',
    replace: 'if (work.unsettled && accepted) result.flags',
    on: 'native',
    ids: ['indexing:fast:efforts=1:*'],
  },
  {
    name: 'indexing: the chance forgets how many orientations were tried',
    file: 'indexing/significance.h',
    find: 'log10(T(8 * pi * pi) * (nodes + 1) / p)',
    replace: 'T(0 * (nodes + p))',
    ids: ['indexing:fast:noise:n=20:*', 'indexing:fast:noise'],
  },
  {
    name: 'indexing: spots belong to a lattice by diameter instead of radius',
    file: 'indexing/isa/multi.cpp',
    find: 'const float scale = float(1 / (radius * radius));',
    replace: 'const float scale = float(0.25 / (radius * radius));',
    ids: [noisy],
  },
  {
    name: 'indexing: the residual is a mean over eight spots more',
    file: 'indexing/known_cell.h',
    find: 'root(squares / indexed)',
    replace: 'root(squares / (indexed + 8))',
    ids: [noisy],
  },

  // Each stage is checked by its own rows, although the final result may be unaffected.
  {
    name: 'stages: the window of the sampled phase is a five-hundredth of a period too wide',
    file: 'indexing/isa/sample.cpp',
    find: 'splat(2 * half + 1)',
    replace: 'splat(2 * half + 9)',
    ids: [stage('sampling', 'fast')],
  },
  {
    name: 'stages: of directions with equal counts the first are taken',
    file: 'indexing/isa/sample.cpp',
    find: 'int64_t(tie + 1) * take / ties != int64_t(tie) * take / ties',
    replace: 'tie < take',
    ids: [stage('scoring', 'fast')],
  },
  {
    name: 'stages: half as many sampled vectors are scored',
    file: 'indexing/isa/exhaustive.cpp',
    find: 'while (reached < want && least > 0) reached',
    replace: 'while (reached < want / 2 && least > 0) reached',
    ids: [stage('scoring', 'exhaustive')],
  },
  {
    name: 'stages: the known length of a vector weighs half',
    file: 'indexing/vector_fit.h',
    find: 'const F lengthwise = along *',
    replace: 'const F lengthwise = splat(0.5f) * along *',
    ids: [stage('vectors', 'fast')],
  },
  {
    name: 'stages: the last fit of a vector takes spots from a third farther off',
    file: 'include/generated/search.h',
    find: '{0.07, 5, 0.08}',
    replace: '{0.09, 5, 0.08}',
    ids: [stage('vectors', 'fast')],
  },
  {
    name: 'stages: a vector is turned in one of its senses only',
    file: 'indexing/isa/rotate.cpp',
    find: 'base.flip ? 1 : 2',
    replace: '1',
    ids: [stage('search', 'fast'), stage('search', 'turbo')],
  },
  {
    name: 'stages: the closeness of a cell falls off faster',
    file: 'include/generated/search.h',
    find: 'cell_closeness = 0.06',
    replace: 'cell_closeness = 0.05',
    ids: [stage('search', 'fast')],
  },
  {
    name: 'stages: a candidate vector is given a length of its own',
    file: 'indexing/isa/rotate.cpp',
    find: 'if (free_scale) {',
    replace: 'if (true) {',
    ids: [stage('search', 'fast')],
  },
  {
    name: 'stages: cells are left out that fewer than enough others beat',
    file: 'indexing/isa/exhaustive.cpp',
    find: 'enough + int(with_count[k]) < out)',
    replace: 'enough + int(with_count[k]) < out / 4)',
    ids: [stage('search', 'exhaustive')],
  },
  {
    name: 'stages: the last turn of a cell is left out',
    file: 'include/generated/search.h',
    find: 'turn_rounds = 5',
    replace: 'turn_rounds = 4',
    ids: [stage('refinement', 'fast')],
  },
  {
    name: 'stages: spots go to the last lattice that they are near to',
    file: 'indexing/isa/multi.cpp',
    find: 'nearest[i] = off, work.owner[i]',
    replace: 'work.owner[i]',
    ids: [stage('selection', 'fast')],
  },
  {
    name: 'stages: a strained cell pays for five of its six freedoms',
    file: 'include/generated/search.h',
    find: 'strain_ways = 6',
    replace: 'strain_ways = 5',
    ids: [stage('selection', 'fast'), stage('selection', 'turbo')],
  },
];
