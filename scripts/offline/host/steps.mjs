// The steps of a run in order: the most important results come first, because time may run out.
//
// A step is { name, share: of the remaining time, least: seconds it needs, timing: exceeding the time limit is not a
// failure, absent(run): why it cannot run here or undefined, act(run, seconds): { outcome, why, detail, command } }.
// Outcomes: `pass`, `fail`, `partial` (correct as far as it got within its limit), `absent`.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { endOf, lastLines, runChild } from './child.mjs';
import { extras } from './extras.mjs';
import { findVulkan } from './vulkan.mjs';

const parse = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
const counted = (counts) =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${count} ${what}`)
    .join(', ');

/** Runs the ewald command; returns how the child ended, and `document` if it printed one. */
async function ewald(run, args, seconds, env = run.env) {
  const ended = await runChild(run.node, [join(run.work, 'node_modules/ewald/dist/cli.js'), ...args], {
    seconds,
    env,
    cwd: run.work,
    gentle: true,
  });
  run.results.log(`ewald ${args.join(' ')}: ${endOf(ended)}`, ended.err);
  return { ...ended, document: parse(ended.out), command: `ewald ${args.join(' ')}` };
}

const wrong = ({ out, err, ...ended }, what) => ({
  outcome: 'fail',
  why: `${what}, ${endOf(ended)}: ${lastLines(err || out)}`,
});

async function devices(run, seconds) {
  const hasDawn = existsSync(join(run.work, 'node_modules/webgpu'));
  if (hasDawn) {
    // A separate process, so that a crash of Dawn or of a driver does not affect this one.
    const probe = async (env) => {
      const { document, ...ended } = await ewald(
        run,
        ['devices', '--backend', 'webgpu', '--json'],
        Math.max(5, seconds / 6),
        env,
      );
      const found = document?.find(({ backend }) => backend === 'webgpu');
      return found
        ? { available: found.available, name: found.name, reason: found.reason }
        : { available: false, name: null, reason: endOf(ended) };
    };
    const { env, way, tried } = await findVulkan(run.env, run.work, probe);
    run.env = env;
    run.summary.vulkan = { way, tried };
  }
  const { document, command, ...ended } = await ewald(run, ['devices', '--json'], seconds);
  if (!document) return wrong(ended, 'ewald devices printed no list');
  run.devices = document;
  run.available = document.filter(({ available }) => available).map(({ backend }) => backend);
  // A software adapter is never selected automatically, but runs when it is named.
  if (run.summary.vulkan?.tried.some(({ available }) => available) && !run.available.includes('webgpu'))
    run.available.push('webgpu');
  const missing = run.required.filter((name) => !run.available.includes(name));
  const reasons = document.map(({ backend, name, reason }) => `${backend}: ${name ?? reason}`).join('; ');
  return {
    outcome: missing.length > 0 ? 'fail' : 'pass',
    why: missing.length > 0 ? `missing ${missing.join(', ')}; ${reasons}` : reasons,
    detail: document,
    command,
  };
}

/** Processes for WebGPU: compiling its kernels takes a driver longer than everything else, one core for each. */
const webgpuShares = 4;

/** The cases in a number of parts with about as many rows; none if they cannot be listed. */
async function sharesOf(run, parts) {
  const { document: rows = [] } = await ewald(run, ['validate', ...run.cases, '--list', '--json'], 20);
  const counts = new Map();
  for (const { id } of rows) {
    const kind = id.split(':').slice(0, 2).join(':');
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const shares = Array.from({ length: parts }, () => ({ rows: 0, cases: [] }));
  for (const [kind, count] of [...counts].sort(([, a], [, b]) => b - a)) {
    const least = shares.reduce((found, share) => (share.rows < found.rows ? share : found));
    least.rows += count;
    least.cases.push(kind);
  }
  return shares.flatMap(({ cases }) => (cases.length > 0 ? [cases] : []));
}

/**
 * All rows on every backend, each in a process of its own, next to each other: a driver that crashes takes only its own
 * rows with it, and a card does not wait for cores.
 */
async function validate(run, seconds) {
  const shown = ['cuda', 'webgpu', 'native', 'wasm'].find((name) => run.available.includes(name));
  const html = run.results.path('validate.html');
  const shares = run.available.includes('webgpu') ? await sharesOf(run, webgpuShares) : [];
  const each = (backend) => (backend === 'webgpu' && shares.length > 0 ? shares : [run.cases]);
  const reports = await Promise.all(
    run.available.flatMap((backend) =>
      each(backend).map(async (cases, i) => {
        const page = backend === shown && i === 0 ? ['--html', html] : [];
        // It ends by itself, and rooms take turns if the time is short; a signal would wait for the end of a row.
        const own = ['--seconds', String(Math.max(1, Math.floor(0.85 * seconds)))];
        const args = ['validate', ...cases, '--backend', backend, '--json', ...own, ...page];
        return { backend, ...(await ewald(run, args, seconds)) };
      }),
    ),
  );
  if (existsSync(html)) run.results.files.add('validate.html');
  const documents = reports.flatMap(({ document }) => document ?? []);
  const crashed = reports
    .filter(({ document }) => !document)
    .map(({ backend, out, err, ...ended }) => `${backend}: ${endOf(ended)}, ${lastLines(err || out)}`);
  const rows = documents.flatMap((document) => document.rows);
  const counts = {};
  for (const { outcome } of rows) counts[outcome] = (counts[outcome] ?? 0) + 1;
  // Rows that the time did not suffice for are in no list, and are neither right nor wrong.
  const leftOn = new Map();
  for (const { backend, document } of reports) leftOn.set(backend, (leftOn.get(backend) ?? 0) + (document?.left ?? 0));
  const [first] = documents;
  const backends = (run.devices ?? []).map(({ backend, available, name, reason }) => ({
    backend,
    available: available || run.available.includes(backend),
    name,
    reason,
  }));
  run.results.json('validate.json', { ...first, left: Object.fromEntries(leftOn), counts, crashed, backends, rows });
  const failed = rows
    .filter(({ outcome }) => outcome === 'fail')
    .map(({ id, backend, why }) => `${id} on ${backend}: ${why}`);
  const cut = documents.some(({ interrupted, left }) => interrupted || left > 0);
  const isWrong = failed.length > 0 || crashed.length > 0 || documents.some((one) => !one.pass && !one.interrupted);
  const absent = backends.filter(({ available }) => !available).map((one) => `${one.backend} absent: ${one.reason}`);
  const told = run.available.flatMap((backend) => {
    const own = {};
    for (const row of rows) if (row.backend === backend) own[row.outcome] = (own[row.outcome] ?? 0) + 1;
    if (leftOn.get(backend) > 0) own['not checked'] = leftOn.get(backend);
    return Object.keys(own).length > 0 ? [`${backend}: ${counted(own)}`] : [];
  });
  return {
    outcome: isWrong ? 'fail' : cut ? 'partial' : 'pass',
    why: [...told, ...crashed, ...failed.slice(0, 3), ...absent].join('; '),
    detail: { counts, absent, crashed, failed: failed.slice(0, 50) },
    command: 'ewald validate --backend NAME --json',
  };
}

/**
 * Repeats the same count on some backends, each in a separate process. A slow backend takes at most its part of the
 * time.
 */
async function countOn(run, backends, points, seconds) {
  const started = performance.now();
  const round = { points, results: [], late: [], failed: [] };
  for (const [i, backend] of backends.entries()) {
    const left = seconds - (performance.now() - started) / 1000;
    const { document, ...ended } = await ewald(
      run,
      ['pi', '--backend', backend, '--points', points, '--json'],
      Math.max(1, left / (backends.length - i)),
    );
    if (document && ended.code === 0) round.results.push(...document.results);
    else
      (ended.late ? round.late : round.failed).push(
        `${backend}: ${ended.late ? endOf(ended) : `${endOf(ended)}: ${lastLines(ended.err)}`}`,
      );
  }
  return round;
}

async function pi(run, seconds) {
  const first = await countOn(run, run.available, run.seconds >= 120 ? '1e9' : '1e8', 0.6 * seconds);
  // Fast backends count ten or a hundred times as many points.
  const fast = first.results
    .filter(({ points, seconds: s }) => (1e10 / points) * s < seconds / 12)
    .map(({ backend }) => backend);
  const rounds = fast.length > 0 ? [first, await countOn(run, fast, '1e10', 0.4 * seconds)] : [first];
  const agree = rounds.every(({ results }) => results.every(({ hits }) => hits === results[0].hits));
  run.results.json('pi.json', { agree, rounds });
  const failed = rounds.flatMap((round) => round.failed);
  const late = rounds.flatMap((round) => round.late.map((text) => `${round.points} points on ${text}`));
  const rate = ({ backend, points, seconds: s }) => `${backend} ${(Number(points) / s).toExponential(2)}/s`;
  const told = rounds
    .filter(({ results }) => results.length > 0)
    .map(({ points, results }) => `${results[0].hits} of ${points} on ${results.map(rate).join(', ')}`);
  const none = told.length === 0 && late.length === 0;
  const outcome = !agree || failed.length > 0 || none ? 'fail' : late.length > 0 ? 'partial' : 'pass';
  return {
    outcome,
    why: [...(agree ? [] : ['the backends DISAGREE']), ...failed, ...told, ...late].join('; '),
    command: 'ewald pi --backend NAME --points N --json',
  };
}

/** The reason why the native CUDA program cannot run, or undefined. */
function noCheck(run) {
  if (!existsSync(run.check))
    return `not in this pack: ${run.leftOut.find((text) => /ewald_cuda_check|CUDA/.test(text)) ?? 'ewald_cuda_check'}`;
  return run.host.driverLibrary || run.host.hasNvidia
    ? undefined
    : `no NVIDIA driver on this machine (libcuda was not found; ${run.host.gpusWhy})`;
}

async function cudaCheck(run, seconds) {
  // The emulator takes minutes for all of it.
  const isEmulated = run.devices?.some(({ backend, name }) => backend === 'cuda' && /emulated/.test(name ?? ''));
  const ended = await runChild(run.check, isEmulated ? ['--quick'] : [], { seconds, env: run.env });
  const document = parse(ended.out);
  run.results.log(`ewald_cuda_check: ${endOf(ended)}`, ended.err);
  run.cudaCheck.rooms = document ?? null;
  run.results.json('cuda-check.json', run.cudaCheck);
  // Exit code 3: no device. If only a driver library suggests a device, that is not a failure.
  if (ended.code === 3) return { outcome: run.host.hasNvidia ? 'fail' : 'absent', why: document?.why ?? 'no device' };
  if (!document && ended.late) return { outcome: 'partial', why: endOf(ended) };
  if (!document) return wrong(ended, 'it printed no result');
  const { passed, failed, failures, device } = document;
  return {
    outcome: failed === 0 ? 'pass' : 'fail',
    why: [
      `${passed} right, ${failed} wrong on ${device.name}`,
      ...failures.slice(0, 3).map(({ name, why }) => `${name}: ${why}`),
    ].join('; '),
  };
}

/** Runs the check program under a tool of compute-sanitizer; `found` is null if the tool gave no verdict. */
async function sanitized(run, tool, args, seconds) {
  const ended = await runChild(
    run.host.computeSanitizer.path,
    ['--tool', tool, '--print-limit', '20', run.check, ...args],
    { seconds, env: run.env },
  );
  const text = ended.out + ended.err;
  const found = /SUMMARY: (\d+)/.exec(text);
  run.results.log(`compute-sanitizer --tool ${tool} ewald_cuda_check ${args.join(' ')}: ${endOf(ended)}`, text);
  const lines = text
    .split('\n')
    .filter((line) => line.startsWith('===='))
    .slice(0, 40);
  return {
    found: found ? Number(found[1]) : null,
    seconds: ended.seconds,
    late: ended.late,
    code: ended.code,
    lines,
    end: endOf(ended),
    text,
  };
}

const sanitizer = (tool) => ({
  name: tool,
  share: 12,
  least: 10,
  absent: (run) =>
    noCheck(run) ??
    (run.host.computeSanitizer ? undefined : 'compute-sanitizer was not found (it comes with the CUDA toolkit)'),
  async act(run, seconds) {
    const planted = await sanitized(run, tool, ['--planted', tool], seconds / 3);
    const rooms = await sanitized(run, tool, ['--quick'], seconds - planted.seconds);
    const { text: _, ...kept } = planted;
    const { text, ...keptRooms } = rooms;
    run.cudaCheck[tool] = { planted: kept, rooms: keptRooms };
    run.results.json('cuda-check.json', run.cudaCheck);
    // A tool that does not work on this machine (as in some containers) gives no verdict.
    const refused = /[^\n]*(not supported|Failed to initialize|Unable to|cannot be)[^\n]*/i.exec(planted.text)?.[0];
    if (planted.found === null)
      return {
        outcome: 'absent',
        why: `the tool gives no verdict here: ${refused ?? planted.end}; ${lastLines(planted.text)}`,
      };
    if (planted.found === 0 && refused) return { outcome: 'absent', why: `the tool does not work here: ${refused}` };
    if (planted.found === 0)
      return {
        outcome: 'fail',
        why: 'the planted mistake was not found, so the silence about the rooms means nothing',
      };
    if (rooms.found === null)
      return rooms.late
        ? { outcome: 'partial', why: `no verdict about the rooms: ${rooms.end}` }
        : { outcome: 'fail', why: `no verdict about the rooms: ${rooms.end}; ${lastLines(text)}` };
    // The program's own verdict counts as well: its results must be correct under a tool.
    const right = rooms.found === 0 && rooms.code === 0;
    return {
      outcome: right ? 'pass' : 'fail',
      why:
        `rooms: ${rooms.found} errors, ${rooms.end}; planted mistake: found ` +
        `(${planted.found})${right ? '' : `; ${rooms.lines.slice(0, 4).join(' ')}`}`,
    };
  },
});

async function bench(run, seconds) {
  const { document: cases, ...listed } = await ewald(run, ['validate', ...run.cases, '--list', '--json'], 20);
  if (!cases) return wrong(listed, 'the cases could not be listed');
  const timed = cases.filter((row) => row.bench).map(({ id }) => id);
  if (timed.length === 0) return { outcome: 'absent', why: 'none of the cases is meant for timing' };
  // Each case is verified, then timed on each backend and on one or two peers.
  const each = Math.min(2, Math.max(0.02, (0.4 * seconds) / (timed.length * (run.available.length + 1))));
  const { document, command, ...ended } = await ewald(
    run,
    ['bench', ...timed, '--json', '--seconds', each.toFixed(2)],
    seconds,
  );
  if (!document)
    return ended.late
      ? { outcome: 'partial', why: 'no case ended within its limit', command }
      : wrong(ended, 'ewald bench printed no result');
  run.bench.cases = document;
  run.results.json('bench.json', run.bench);
  const failed = document.rows
    .filter(({ outcome }) => outcome === 'fail')
    .map(({ id, backend, why }) => `${id} on ${backend}: ${why}`);
  const missed = document.rows.flatMap(({ id, backend, ratios }) =>
    ratios
      .filter(({ pass }) => !pass)
      .map(({ over, ratio, target }) => `${id}: ${backend} is ${ratio.toFixed(2)} × ${over}, aim ${target}`),
  );
  const done = document.rows.filter(({ timing }) => timing).length;
  return {
    outcome:
      failed.length > 0 || (done === 0 && !document.interrupted) ? 'fail' : document.interrupted ? 'partial' : 'pass',
    why: [`${done} timings`, ...failed.slice(0, 3), ...missed.map((text) => `missed ${text}`)].join('; '),
    detail: { missed, failed },
    command,
  };
}

/** Turns an entry of extras.mjs into a step. */
const extra = ({ name, share, least, script, program, args = () => [], absent, timing = true }) => ({
  name,
  share,
  least,
  timing,
  absent: (run) =>
    program && !existsSync(join(run.work, 'check', program)) ? `${program} is not in the pack` : absent?.(run),
  async act(run, seconds) {
    const command = program ? join(run.work, 'check', program) : run.node;
    const before = program ? [] : ['--expose-gc', join(run.work, 'extras', script)];
    const env = { ...run.env, EWALD_BACKENDS: run.available.join(',') };
    // The script is given less than the limit, so that it ends by itself.
    const ended = await runChild(command, [...before, ...args(run), '--seconds', (0.8 * seconds).toFixed(1)], {
      seconds,
      env,
      cwd: run.work,
      gentle: true,
    });
    run.results.log(`${name}: ${endOf(ended)}`, ended.err);
    const document = parse(ended.out);
    // A repetition that did not end keeps what the first one gave.
    if (document || !run.bench.extras[name]) run.bench.extras[name] = document ?? { why: endOf(ended) };
    run.results.json('bench.json', run.bench);
    if (!document) return ended.late ? { outcome: 'partial', why: endOf(ended) } : wrong(ended, 'it printed no result');
    // The peer that it compares with is absent, so there is no result.
    if (document.outcome === 'absent') return { outcome: 'absent', why: document.summary };
    const partial = ended.late || document.interrupted;
    return {
      outcome: ended.code !== 0 && !ended.late ? 'fail' : partial ? 'partial' : 'pass',
      why: document.summary ?? endOf(ended),
    };
  },
});

/** Names that `--only` takes for several steps: what is right, how fast it is, and what fell short on a card before. */
export const groups = {
  check: ['bounds', 'cuda-check', 'memcheck', 'validate', 'card'],
  aims: ['bounds', 'fft-aims', 'rooms', 'card'],
  timings: ['bounds', 'validate', 'fft-cuda', 'cupy', 'indexing-batches', 'rooms', 'card'],
};

export const steps = [
  { name: 'devices', share: 8, least: 5, act: devices },
  ...extras.filter(({ first }) => first).map(extra),
  // If kernels read out of bounds or race, all later figures are worthless.
  { name: 'cuda-check', share: 10, least: 5, absent: noCheck, act: cudaCheck },
  ...['memcheck', 'racecheck', 'initcheck', 'synccheck'].map(sanitizer),
  { name: 'validate', share: 75, least: 10, act: validate },
  { name: 'pi', share: 14, least: 5, timing: true, act: pi },
  { name: 'bench', share: 20, least: 10, timing: true, act: bench },
  ...extras.filter(({ first }) => !first).map(extra),
];
