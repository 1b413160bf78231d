// One page of Markdown of a run: every figure with the bound of this machine that it is divided by, and what is
// missing.
// The same figures are in bench.json.

const bound = (bounds, name) => bounds?.rows?.find((row) => row.name === name)?.gbps;
const percent = (value, of) => (value > 0 && of > 0 ? `${((100 * value) / of).toFixed(0)} %` : '–');
const number = (value) =>
  value === undefined || value === null ? '–' : Number(value.toPrecision(3)).toLocaleString('en');

function table(head, rows) {
  if (rows.length === 0) return ['Not measured.', ''];
  return [
    `| ${head.join(' | ')} |`,
    `|${head.map(() => '---').join('|')}|`,
    ...rows.map((row) => `| ${row.join(' | ')} |`),
    '',
  ];
}

/** The bound of a row of rooms.mjs: the memory that its frames come from. */
function boundOf({ backend, resident }, bounds) {
  if (backend !== 'cuda') return ['memcpy, all threads', bound(bounds, 'memcpy, all threads')];
  // A pass reads frames once; a copy reads and writes.
  return resident
    ? ['copy in device memory', bound(bounds, 'copy in device memory')]
    : ['page-locked to device', bound(bounds, 'page-locked to device')];
}

/** The page of a summary and of what the benchmarks printed so far. */
export function pageOf(summary, bench) {
  const {
    bounds,
    rooms,
    card: runs,
    cupy,
    'fft-cuda': fft,
    'fft-aims': aims,
    'indexing-batches': batches,
  } = bench.extras;
  const { host, pack } = summary;
  const card =
    summary.gpus.map(({ name, driver }) => `${name}, driver ${driver}`).join('; ') || `none (${host.gpusWhy})`;
  const cases = (bench.cases?.rows ?? []).filter(({ timing }) => timing);
  return `${[
    '# ewald on this machine',
    '',
    `${summary.date}, ewald ${pack.version} (${pack.commit}), ${host.os}, glibc ${host.glibc}, ` +
      `${host.processors} × ${host.processor}; card: ${card}.`,
    `${summary.seconds.toFixed(0)} s of ${summary.budget}; ` +
      `${summary.pass ? 'every step that can run here passed' : 'not everything passed so far'}.`,
    '',
    '## What is missing here',
    '',
    ...[...summary.missing, ...(pack.leftOut ?? []).map((text) => `in this pack: ${text}`)].map((text) => `- ${text}`),
    '',
    '## Bounds',
    '',
    ...table(
      ['copy', 'GB/s'],
      (bounds?.rows ?? []).map(({ name, gbps }) => [name, number(gbps)]),
    ),
    ...(bounds?.why ? [`Device: ${bounds.why}.`, ''] : []),
    '## Passes, peaks, whole runs and scans',
    '',
    ...table(
      ['what', 'backend', 'rate', 'GB/s of frames', 'bound', 'of the bound'],
      [...(rooms?.rows ?? []), ...(runs?.rows ?? [])].map((row) => {
        const [name, most] = boundOf(row, bounds);
        return row.refused
          ? [row.what, row.backend, row.refused, '–', '–', '–']
          : [
              row.what,
              row.backend,
              `${number(row.rate)} ${row.unit}`,
              number(row.gbps),
              row.gbps ? name : '–',
              percent(row.gbps, most),
            ];
      }),
    ),
    '## Images per second of the indexer',
    '',
    ...table(
      ['images', 'backend', 'batch', 'images/s', 'overlapping', 'ms'],
      (batches?.rows ?? []).map((row) => [
        row.kind ?? '–',
        row.backend,
        row.batch,
        row.refused ?? number((1000 * row.batch) / row.ms),
        number(row.overlapImagesPerSecond),
        number(row.ms),
      ]),
    ),
    '## Transforms in device memory',
    '',
    ...table(
      ['case', 'ms', 'GB/s', 'of the copy', 'of cuFFT'],
      [...(fft?.rows ?? []), ...(aims?.rows ?? [])].map(({ name, ewaldMs, gigabytesPerSecond, ratio, why }) => [
        name,
        why ?? number(ewaldMs),
        number(gigabytesPerSecond),
        percent(gigabytesPerSecond, bound(bounds, 'copy in device memory')),
        ratio ? `${number(ratio)} ×` : 'no cuFFT',
      ]),
    ),
    ...(cupy?.rows ?? []).map(({ kind, shape, ms }) => `- CuPy, ${kind} ${shape.join(' × ')}: ${number(ms)} ms`),
    '',
    '## Rows of the tables',
    '',
    ...table(
      ['row', 'backend', 'ms', 'per second', 'of peers and other backends'],
      cases.map(({ id, backend, unit, timing, ratios }) => [
        id,
        backend,
        number(timing.medianMs),
        `${number(timing.rate)} ${unit}`,
        ratios.map(({ over, ratio }) => `${number(ratio)} × ${over}`).join(', ') || '–',
      ]),
    ),
    '## Steps',
    '',
    ...table(
      ['step', 'outcome', 's', 'what it says'],
      summary.steps.map(({ name, outcome, seconds, why }) => [
        name,
        outcome,
        seconds.toFixed(1),
        String(why ?? '')
          .replaceAll('|', '/')
          .replaceAll('\n', ' ')
          .slice(0, 300),
      ]),
    ),
  ].join('\n')}`;
}
