/**
 * Mistakes in the rooms without a separate list: peaks, codecs and passes over frames in the core, rivals in
 * TypeScript, and the CUDA kernels, emulated. Mistakes in the core run on native, which links quickly; it uses the best
 * instruction set of this machine.
 */

const peaks = (name, file, find, replace, ids = ['peaks:peakfinder8:u16:131x107']) => ({
  name: `peaks: ${name}`,
  file: `peaks/${file}`,
  on: 'native',
  find,
  replace,
  ids,
});
const room = (prefix, look) => (name, file, find, replace) => ({
  name: `${prefix}: ${name}`,
  file: `${prefix}/${file}`,
  on: 'native',
  find,
  replace,
  ids: [look],
});
const data = room('frames', 'look:codecs');
const udf = room('udf', 'look:passes');
const disks = (name, file, find, replace, ids = ['udf:disks:fast:u16:*', 'udf:disks:full:*']) => ({
  name: `disks: ${name}`,
  file: `udf/${file}`,
  on: 'native',
  find,
  replace,
  ids,
});
const corrected = (name, file, find, replace, id) => ({ ...udf(name, file, find, replace), ids: [id] });
const merging = (
  name,
  find,
  replace,
  ids = ['merging:fit:model=gaussian:symmetry=mmm:cycles=4:crystals=40:dmin=3.2'],
) => ({
  name: `merging: ${name}`,
  file: 'merging/isa/passes.cpp',
  on: 'native',
  find,
  replace,
  ids,
});
const rivals = (name, find, replace, ids) => ({
  name: `rivals: ${name}`,
  file: 'src/indexing/rivals.ts',
  on: 'script',
  find,
  replace,
  ids,
});
const phases = (name, file, find, replace, ids) => ({
  name: `phases: ${name}`,
  file: `src/stem/${file}`,
  on: 'script',
  find,
  replace,
  ids,
});
const cuda = (name, file, find, replace, ids) => ({ name: `cuda ${name}`, file, on: 'cuda', find, replace, ids });

const together = (name, find, replace) =>
  cuda(`peaks: ${name}`, 'peaks/batches.cu', find, replace, ['look:frames-together']);

/** Mistakes in kernels of WebGPU, and in what prepares them. */
const webgpu = (room, look) => (name, file, find, replace) => ({
  name: `${room} on webgpu: ${name}`,
  file,
  on: 'webgpu',
  find,
  replace,
  ids: [look],
});
const listing = webgpu('indexing', 'look:list-going');
const advancing = webgpu('indexing', 'look:next-step');
const banding = webgpu('passes', 'look:bands');
const [listGoing, advance] = ['wgsl/indexing/list_going.wgsl', 'wgsl/indexing/advance.wgsl'];
const steps = 'src/udf/kernels/webgpu/steps.ts';

export const roomMutants = [
  listing(
    'images are listed where the range of their thread begins',
    listGoing,
    'var at = sum_before(vec2u(own, 0u)).x;',
    'var at = begin;',
  ),
  listing(
    'images that have ended count as well',
    listGoing,
    'own += select(0u, 1u, jobs[i].going != 0u);',
    'own += 1u;',
  ),
  listing('a slot behind the list keeps its image', listGoing, 'var i = total + lane;', 'var i = total + 1u + lane;'),
  advancing('after a glance there is another', advance, 'job.glance = AFTER_GLANCE;', 'job.glance = GLANCE;'),
  advancing('what a glance has found stays', advance, 'tallies[image].held[job.pool] = 0u;', ''),
  advancing('an effort is skipped', advance, 'job.effort++;', 'job.effort += 2u;'),
  advancing(
    'the last known cell is not tried',
    advance,
    'if (job.input + 1u < run.cell_count && run.exhaustive == 0u)',
    'if (job.input + 2u < run.cell_count && run.exhaustive == 0u)',
  ),
  banding(
    'all steps take the first weights',
    steps,
    'firstWeight: step.firstWeight + k * together * pixels',
    'firstWeight: step.firstWeight',
  ),
  banding('all steps write the first columns', steps, 'column: step.column + k * together', 'column: step.column'),
  banding(
    'every band begins at the first word',
    'src/udf/kernels/webgpu/record.ts',
    'from(frames, 4 * first)',
    'from(frames, 0)',
  ),
  merging('a crystal is fitted to itself', 'foreign = information - wg * work.factor[at]', 'foreign = information'),
  merging('a term of the exponential is rounded', 'p * r + 8.333333333333333e-03', 'p * r + 8.3e-03', [
    'merging:fit:model=gaussian:symmetry=mmm:cycles=0:crystals=20:dmin=3.2',
  ]),
  merging('the orientation is not corrected', 'rows[3 * i] = u[0] + y * u[2];', 'rows[3 * i] = u[0];'),
  merging('downward fluctuations weigh more', 'rest > 0.3 * stated ? rest : 0.3 * stated', 'stated'),
  merging(
    'the last reflections of a crystal are omitted',
    'at < padded; at += lanes',
    'at + lanes < padded; at += lanes',
  ),
  merging('the spectrum widens nothing', 'spread2[at] = off * off;', 'spread2[at] = 0;', [
    'merging:fit:model=xsphere:symmetry=mmm:cycles=3:crystals=40:dmin=3.2:bandwidth=0.004',
  ]),
  peaks('the centre of a peak is half a pixel off', 'blobs.cpp', 'float(x + 0.5)', 'float(x)'),
  peaks(
    'the background is looked for in half the radius',
    'blobs.cpp',
    '2 * int64_t(params_.local_bg_radius)',
    'int64_t(params_.local_bg_radius)',
  ),
  peaks(
    'limits are one sigma too low',
    'limits.cpp',
    'float(mean + double(params.min_snr) * sigma)',
    'float(mean + (double(params.min_snr) - 1) * sigma)',
  ),
  data('a match of LZ4 is a byte short', 'lz4.cpp', 'length += 4;', 'length += 3;'),
  data(
    'bytes left over are joined as if all were zero',
    'isa/planes.cpp',
    'out[i * element + j] = j < used ? streams[j * stride + i] : 0;\n}\n\n}  // namespace',
    'out[i * element + j] = 0;\n}\n\n}  // namespace',
  ),
  data('bits of two planes change places', 'isa/planes.cpp', '0x3333333333333333u', '0x3333333333333331u'),
  data('small differences lose their sign', 'plain.cpp', 'uint32_t(int32_t(int8_t(*from)))', 'uint32_t(*from)'),
  udf(
    'the last frames of a pass are no group',
    'isa/running.cpp',
    'if (f < count) each(f, std::integral_constant<uint32_t, 1>{});',
    'if (f + 1 < count) each(f, std::integral_constant<uint32_t, 1>{});',
  ),
  disks(
    'planes change places in their pairs',
    'isa/disks.cpp',
    'return (plane + width) % planes',
    'return plane % planes',
  ),
  disks('the centre of mass is that of 3 × 3 pixels', 'isa/disks.cpp', 'uint32_t radius = 2;', 'uint32_t radius = 1;', [
    'udf:disks:com:*',
  ]),
  disks('elevation begins at the maximum', 'isa/disks.cpp', 'near2 = 2.25f', 'near2 = 0.25f'),
  disks(
    'a root of the fifth order is another one',
    'isa/plane_transform.h',
    'c2 = splat(-0.809016994374947424f)',
    'c2 = splat(-0.808016994374947424f)',
    ['udf:disks:radix:*'],
  ),
  udf('rows and columns of the centre change places', 'isa/centre.cpp', 'out[1] = sy;', 'out[1] = sx;'),
  udf(
    'products leave out the end of a frame',
    'isa/dense.cpp',
    'for (uint32_t i = n; i < here; i++)',
    'for (uint32_t i = n; i + 1 < here; i++)',
  ),
  corrected(
    'a dark value is rounded to float32',
    'isa/correct.cpp',
    'out[i] = (rests ? above - rest[i] : above) * gain[i];',
    'out[i] = above * gain[i];',
    'udf:corrected:u16:19x36x53',
  ),
  corrected(
    'a bad pixel takes a neighbour from the next row',
    'correction.cpp',
    'if (x + dx < 0 || x + dx >= width || y + dy < 0 || y + dy >= height) continue;',
    'if (y + dy < 0 || y + dy >= height) continue;',
    'udf:corrected:u16:19x36x53',
  ),
  corrected(
    'an overload at the limit is missed',
    'isa/correct.cpp',
    'uint32_t(value > most)',
    'uint32_t(value > most + 1)',
    'udf:corrected:limits:u16:19x36x53',
  ),
  corrected(
    'the last vector of a frame is not searched for bad values',
    'isa/correct.cpp',
    'first < t.pixels; first += searched',
    'first + searched < t.pixels; first += searched',
    'udf:corrected:limits:u16:19x36x53',
  ),
  phases(
    'the overlap of all three disks is used',
    'ssb/geometry.ts',
    'nearPlus === nearMinus',
    '!nearPlus && !nearMinus',
    ['udf:ssb:u16:*'],
  ),
  phases('the other side band is added', 'ssb/geometry.ts', '(a / p - b / m) / 2', '(a / p + b / m) / 2', [
    'udf:ssb:u16:*',
  ]),
  phases(
    'the other side band is selected',
    'holography/udf.ts',
    'lowest(height, rows) - sy',
    'lowest(height, rows) + sy',
    ['udf:holography:f32:*'],
  ),
  phases('a mirrored component keeps its sign', 'integrate.ts', '(below ? -1 : 1) *', '1 *', ['udf:icom:u16:*']),
  phases('the high pass is a low pass', 'integrate.ts', '1 - low(qHighpass)', 'low(qHighpass)', [
    'udf:icom:filtered:*',
  ]),
  phases(
    'the ellipse of a polar transform is turned',
    'images/polar.ts',
    'e2 * cos - e1 * sin',
    'e2 * cos + e1 * sin',
    ['udf:polar:u16:*'],
  ),
  phases('the ellipse of a Bragg vector map is turned', 'disks/bragg.ts', '(1 - e1) * dx - e2', '(1 - e1) * dx + e2', [
    'udf:bragg:*',
  ]),
  phases('the rotation has the other sign', 'disks/strain.ts', 'theta[i] = (yx - xy) / 2', 'theta[i] = (xy - yx) / 2', [
    'udf:strain:*',
  ]),
  rivals('the half turn is not asked for', 'return [turned, ...candidates]', 'return [...candidates]', [
    'indexing:fast:rivals:small:flat:*',
  ]),
  rivals('every sphere is flat, and everything a rival', 'log10 <= own + rivalDecades', 'log10 <= 0', [
    'indexing:fast:rivals:small:heights:*',
  ]),
  together(
    'frames with bad pixels and without share a launch',
    '((*at)->bad != nullptr) != (first.bad != nullptr) ||',
    '',
  ),
  together('frames with other parameters share a launch', '!same((*at)->params, first.params) ||', ''),
  together(
    'every frame has the answer of the first',
    'answers_on_host.data() + which * answer_bytes()',
    'answers_on_host.data()',
  ),
  together('a launch searches its first frame alone', 'lane.places[f]->seat()', 'lane.places[0]->seat()'),
  together(
    'the last answer of a launch is not copied',
    'std::size_t(frames) * bytes',
    'std::size_t(frames - 1) * bytes',
  ),
  cuda(
    'pi: the last block counts a point too many',
    'pi/pi.cu',
    '(0xfu >> (3u - to))',
    '(to < 3u ? 0xfu >> (2u - to) : 0xfu)',
    ['pi:count:points=65', 'pi:count:points=65537'],
  ),
  cuda(
    'pi: blocks are strided by one too few',
    'pi/pi.cu',
    'rounds = b > lastBlock ? 0 : (lastBlock - b) / stride + 1',
    'rounds = b > lastBlock ? 0 : (lastBlock - b) / stride',
    ['pi:count:points=65537'],
  ),
  cuda(
    'indexing: of two spots at one node the farther counts',
    'indexing/verdict.cuh',
    'if (!(e2 < radius2)) break;',
    'if (e2 < radius2) break;',
    ['indexing:fast:rivals:mono:*', 'indexing:stages:*mono*'],
  ),
  cuda(
    'indexing: a search that its limit ends counts as settled',
    'indexing/fast.cuh',
    's.decision = 1, s.flags |= EWALD_IMAGE_FLAG_UNSETTLED;',
    's.decision = 1;',
    ['indexing:fast:efforts=1:*'],
  ),
  cuda(
    'fft: the halves of a real line are joined with the wrong sign',
    'fft/ends.cuh',
    'times(root(pass.halves, k), z - y)',
    'times(root(pass.halves, k), z + y)',
    ['fft:r2c:f32:n=16', 'fft:r2c:f32:n=4'],
  ),
  cuda(
    'fft: a slab begins as if its numbers were real',
    'fft/program.cpp',
    'step.from_slab = part * whole.from.stride[dim] * element_of<T>(whole.from);',
    'step.from_slab = part * whole.from.stride[dim] * sizeof(T);',
    ['look:slabs'],
  ),
  cuda(
    'fft: in another order in place, the last pass does not wait for all slabs',
    'fft/program.cpp',
    'if (permutes && begin == 0 && whole.to.place == Place::target) break;',
    '',
    ['look:slabs'],
  ),
  cuda(
    'udf: rows and columns of the centre change places',
    'udf/spans.cu',
    'out[1] = double(by_y);',
    'out[1] = double(by_x);',
    ['udf:com-udf:u16:12x17x21'],
  ),
  cuda(
    'udf: the last pixel of a plane is left out',
    'udf/planes.cu',
    'if (p + i < frames.pixels) to[i] =',
    'if (p + i + 1 < frames.pixels) to[i] =',
    ['udf:pass:u16:19x37x53'],
  ),
  // A product that is not written would be NaN, which the pass computes anew.
  cuda(
    'udf: the second half of the masks begins a group of pixels too early',
    'udf/dense.cu',
    'rows.of(rows.half - 1)) * pitch)',
    'rows.of(rows.half - 1)) * pitch - kQuad)',
    ['udf:dense=8:*'],
  ),
  cuda(
    'udf: masks that occur twice in a warp move the others',
    'udf/dense.cu',
    'first_mask + mask] = sums[i];',
    'first_mask + k] = sums[i];',
    ['udf:dense=7:*'],
  ),
  cuda(
    'udf: a dark value is rounded to float32',
    'udf/correction.cu',
    'out[at] = ((value - dark) - rest) * gain;',
    'out[at] = (value - dark) * gain;',
    ['udf:corrected:u16:19x36x53'],
  ),
  cuda(
    'udf: panels are joined where bad pixels are filled',
    'udf/correction.cu',
    'y + dy < 0 || y + dy >= height) continue;',
    'y + dy < 0) continue;',
    ['udf:corrected:u16:19x36x53'],
  ),
  cuda(
    'data: a match does not repeat its own bytes',
    'data/bitshuffle.cuh',
    'if (place >= distance) place -= distance;',
    '',
    ['udf:decoded:periods:u8:3x107x131'],
  ),
  cuda(
    'data: words of a distant match are not shifted',
    'data/bitshuffle.cuh',
    '0x3210 + 0x1111 * (start & 3u)',
    '0x3210',
    ['udf:decoded:periods:u16:3x107x131'],
  ),
  cuda(
    'data: a match may begin before the block',
    'data/bitshuffle.cuh',
    'if (distance == 0 || distance > out || length',
    'if (distance == 0 || length',
    ['udf:decoded:damaged'],
  ),
  cuda(
    'data: a damaged block is not reported',
    'data/bitshuffle.cu',
    'if (threadIdx.x == 0) atomicMin(first_damaged, block.frame);',
    '',
    ['udf:decoded:damaged'],
  ),
  cuda(
    'data: halves of a byte change places',
    'data/bitshuffle.cuh',
    '(low & 0x0f0f0f0fu) | (high << 4 & 0xf0f0f0f0u)',
    '(high & 0x0f0f0f0fu) | (low << 4 & 0xf0f0f0f0u)',
    ['udf:decoded:counts:u16:3x107x131'],
  ),
  cuda(
    'data: a chunk may end later than its elements',
    'data/blocks.cpp',
    'if (here != left) return fail(',
    'if (here < left) return fail(',
    ['udf:decoded:damaged'],
  ),
];
