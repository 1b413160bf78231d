/**
 * The features of a row of the case tables. On a software GPU and on an emulated card, where a row takes tenths of a
 * second, the first tier runs a nearly smallest set of rows that covers every feature of its table once; choose.mjs
 * selects it, first-tier.test.ts checks it.
 */

const precisions = new Set(['f32', 'f64', 'c64', 'c128', 'u8', 'i8', 'u16', 'i16', 'u32', 'i32']);

/** A part of an address without its numbers; `n=16x24` keeps its rank and `bad=0.1` its name. */
const bare = (part) => {
  const [key, value] = part.split('=');
  if (value === undefined) return part.replace(/\d+/g, '#');
  if (key === 'n') return `n=${value.replace(/\d+/g, '#')}`;
  return /^[a-z]+\d?$/.test(value) ? part : key;
};

/**
 * Options and shapes for each kind of transform. Rows named after heFFTe's own test cases and large or timed transforms
 * count as ordinary transforms; threads only matter on the CPU, and the modes of a convolution are cut out by the host.
 */
function ofFft(all) {
  const parts = all[0] === 'heffte' ? all.slice(2) : all;
  if (['large', 'timed', 'lengths'].includes(parts[0])) return [];
  if (['convolve', 'correlate'].includes(parts[0])) return [parts[0]];
  const [kind, ...rest] = parts.filter((part) => !part.startsWith('threads='));
  return rest.flatMap((part) => {
    // Each kind of axis has its own code at the end of a kernel; the position of the axis makes no difference.
    if (part.startsWith('r2r=')) return part.slice(4).split('-');
    return [`${kind} ${precisions.has(part) ? part : bare(part)}`];
  });
}

/**
 * Each finder with each of its options; dispersion-extended counts as dispersion. All finders read pixels in the same
 * way.
 */
function ofPeaks([finder, ...rest]) {
  const first = finder.replace('-extended', '');
  return [
    finder,
    ...rest.map((part) => (precisions.has(part) ? part : `${first} ${bare(part).replace(/[\d#]+x[\d#]+/, 'frame')}`)),
  ];
}

/** Methods, lattices and options; for the stages each stage with each method. */
function ofIndexing([method, ...rest]) {
  if (method === 'stages') return [`${rest[0]} ${rest[1]}`, ...rest.slice(2).map(bare)];
  return [method, ...rest.filter((part) => part !== 'threads').map(bare)];
}

const ofOthers = ([kind, ...rest]) => [kind, ...rest.map((part) => (/^\d+x/.test(part) ? 'frames' : bare(part)))];
const tables = { fft: ofFft, peaks: ofPeaks, indexing: ofIndexing };

/** The features that follow from the address of a row. */
export function wordsOf({ id }) {
  const [table, ...parts] = id.split(':');
  return [...new Set((tables[table] ?? ofOthers)(parts).map((word) => `${table} ${word}`))];
}

/**
 * The lines of WGSL kernels with numbers removed: everything that the transform generator can write, for any length.
 */
export function linesOf(sources) {
  const lines = sources
    .flatMap((source) => source.split('\n'))
    .map((line) => {
      let text = line
        .replace(/\/\/.*/, '')
        .trim()
        .replace(/(?<!\w)-?\d[\d.]*(e[-+]?\d+)?[uifh]?\b/g, '#')
        .replace(/([A-Za-z_]+)\d+(_\d+)?\b/g, '$1#')
        .replace(/(#, )+#/g, '#');
      for (let i = 0; i < 4; i++) text = text.replace(/\[[^[\]]*\]/g, '[#]');
      // Of a list of similar arguments, one is kept.
      for (let i = 0; i < 2; i++) text = text.replace(/(\w+\([^()]*\)|\w+\[#\])(?:, ?\1)+/g, '$1…');
      return text;
    });
  const passes = sources.length > 0 ? [`passes of the plan: ${Math.min(sources.length, 9)}`] : [];
  return [...new Set(lines.filter((line) => line !== '')), ...passes];
}

/** Whether a row runs on a device that is emulated by the CPU: it must be short, and in a supported precision. */
export function runsOn(backend, { id, cost, plans = 0, refusedBy = [] }) {
  const webgpu = backend === 'webgpu';
  if (refusedBy.includes(backend) || (webgpu && /:(f64|c128)(:|$)/.test(id))) return false;
  return 10 * cost + (webgpu ? 0.3 * plans : 0) <= 2;
}

/**
 * A nearly smallest set of `{ id, features, cost }`: repeatedly adds the row that covers most new features for its
 * cost.
 */
export function cover(rows) {
  const left = new Set(rows.flatMap(({ features }) => features));
  const chosen = {};
  const added = ({ features }) => features.filter((feature) => left.has(feature));
  while (left.size > 0) {
    let best;
    let most = 0;
    for (const row of rows) {
      const gain = added(row).length / row.cost;
      if (gain > most) [best, most] = [row, gain];
    }
    const now = added(best);
    chosen[best.id] = now.length === 1 ? now[0] : `${now[0]} and ${now.length - 1} more`;
    for (const feature of now) left.delete(feature);
  }
  return chosen;
}
