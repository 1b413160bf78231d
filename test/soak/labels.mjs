// What known cells do to whole runs, by the command. Merges of frames of cells that are nearly more symmetric than they
// are: no crystal may have a wrong name of its axes, and eight seeds give one list, byte by byte. Known cells that are
// multiples of the right one, or have another centring, in lists and in frames: the run ends with 1 and names the cell
// that remains; right cells and superstructures with few odd spots are left alone.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cellFromParameters, simulateSpots } from '../../dist/index.node.js';
import { pseudoCells } from '../support/labels.mjs';

export const name = 'labels';
export const about =
  'merges of eight seeds of nearly symmetric cells, and known cells that are multiples or miscentred';
export const minutes = 6;

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const ewald = (...words) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...words.map(String)], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  return { code: status, out: stdout, text: `${stdout}\n${stderr}` };
};
const must = (...words) => {
  const { code, out, text } = ewald(...words);
  if (code !== 0) throw new Error(`ewald ${words.join(' ')} ended with ${code}: ${text}`);
  return out;
};

const seeds = [0, 1, 2, 3, 4, 5, 6, 7];
const merged = [
  ['oP 0.7 %', 'mmm'],
  ['oP 2 %', 'mmm'],
  ['tP 1 % from cP', '4/mmm'],
  ['mP 1 % from tP', '2/m_uab'],
];

/** Frames of a cell, indexed and merged with every seed. */
function merges(folder, images, seed, note) {
  const wrong = [];
  for (const [kind, symmetry] of merged) {
    const [parameters, centring] = pseudoCells[kind];
    const at = (file) => join(folder, file);
    const cell = [...parameters, ...(centring === 'P' ? [] : [centring])].join();
    must('simulate', 'frames', '-o', folder, '--images', images, '--cell', cell, '--seed', seed, '--force');
    const known = ['-g', at('run.geom'), '-p', at('run.cell')];
    must('index', at('run.h5'), ...known, '-o', at('run.stream'), '--force');
    const { out } = ewald('stream', 'compare', at('run.stream'), at('run.truth.json'), '--json');
    const { crystalsRight, crystalsMislabelled, crystalsWrong, crystalsThere } = JSON.parse(out);
    const lists = seeds.map((one) => {
      const options = ['-y', symmetry, '--seed', one, '--polarisation', 'none', '--min-measurements', 1, '--force'];
      const { code, text } = ewald('merge', at('run.stream'), ...options, '-o', at('a.hkl'));
      if (code > 1) throw new Error(`a merge ended with ${code}: ${text}`);
      const list = readFileSync(at('a.hkl'), 'utf8');
      return { list: list.slice(0, list.indexOf('End of reflections')), anew: /indexed anew: [^;.]*/.exec(text)?.[0] };
    });
    const different = new Set(lists.map(({ list }) => list)).size;
    const [{ anew }] = lists;
    note(
      `${kind}: ${crystalsRight} of ${crystalsThere} right, ${crystalsMislabelled} with wrong names, ${crystalsWrong} ` +
        `wrong lattices; ${different} merge of eight seeds${anew ? `, ${anew}` : ''}`,
    );
    if (different > 1 || crystalsMislabelled + crystalsWrong > 0) wrong.push(kind);
  }
  return wrong;
}

const cells = {
  tP: [[78.6, 78.6, 37.4, 90, 90, 90], 'P'],
  oP: [[44.7, 61.8, 85.3, 90, 90, 90], 'P'],
  mP: [[44.7, 61.8, 54.9, 90, 104.1, 90], 'P'],
  aP: [[41.2, 52.7, 63.1, 82.3, 96.4, 104.9], 'P'],
  hR: [[67.42, 67.42, 160.67, 90, 90, 120], 'H'],
  cF: [[141.2, 141.2, 141.2, 90, 90, 90], 'F'],
  tI: [[75, 75, 112, 90, 90, 90], 'I'],
  oC: [[62.1, 80.4, 75.3, 90, 90, 90], 'C'],
  'oP 0.7 %': pseudoCells['oP 0.7 %'],
};
const x = (a, b, c) => ({ by: [a, b, c], factor: a * b * c });
/** Known cells by what is wrong with them; `mayBeUndecided`: the spots of a run do not always tell. */
const wrongCells = [
  ...[2, 3, 5, 10, 11].map((n) => ({ of: 'tP', ...x(1, 1, n) })),
  ...[2, 3, 5, 7].map((n) => ({ of: 'tP', ...x(n, n, n) })),
  { of: 'mP', ...x(1, 1, 10) },
  { of: 'oP', ...x(12, 1, 1) },
  ...['tP', 'mP'].map((of) => ({ of, ...x(10, 10, 10), mayBeUndecided: true })),
  { of: 'oC', as: 'P', factor: 2 },
  { of: 'tI', as: 'P', factor: 2 },
  { of: 'oP', as: 'C' },
  { of: 'oP', as: 'I' },
  { of: 'mP', as: 'C' },
  { of: 'tP', as: 'I' },
];

const cellText = ([parameters, centring]) => [...parameters, centring].join();
const knownOf = ({ of, by = [1, 1, 1], as }) => {
  const [parameters, centring] = cells[of];
  return cellText([parameters.map((value, i) => (i < 3 ? Number((value * by[i]).toFixed(3)) : value)), as ?? centring]);
};

/** Lists of spots in a folder of their own; `keep`: which spots of a lattice are written. */
function listsOf(folder, [parameters, centring], { images, spots, seed, keep = () => true }) {
  const cell = cellFromParameters(...parameters);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const stills = simulateSpots({ cell, centring, images, spots, seed, spurious: 0.2 });
  return stills.map(({ spots: found, lattices }, i) => {
    const rows = Array.from({ length: found.length / 3 }, (_, n) => found.subarray(3 * n, 3 * n + 3));
    const kept = rows.filter((row) => keep(row, lattices[0]));
    const path = join(folder, `${i}.txt`);
    writeFileSync(path, `${[cell.flat(), ...kept].map((row) => [...row].join(' ')).join('\n')}\n`);
    return path;
  });
}

/** What a run says of its known cell. */
function told({ code, text }) {
  const factor = /fits? a smaller cell than the known cell: 1\/(\d+) of its volume/.exec(text)?.[1];
  const doubt = text.split('\n').filter((line) => /^warning: /.test(line) && /cell/.test(line));
  return { code, factor: factor && Number(factor), doubt: doubt.map((line) => line.slice(9, 100)).join(' | ') };
}

/** A wrong cell has to be told; returns whether it is not. */
function isMissed(kind, run, { factor, mayBeUndecided }, note) {
  const found = told(run);
  const isRight = found.code === 1 && found.doubt !== '' && (factor === undefined || found.factor === factor);
  note(`${kind}: ends with ${found.code}, 1/${found.factor ?? '–'} of the volume${isRight ? '' : `; ${found.doubt}`}`);
  return !isRight && !(mayBeUndecided && (found.factor === undefined || factor % found.factor === 0));
}

function multiples(folder, images, seed, note) {
  const wrong = [];
  for (const spots of [120, 300])
    for (const [kind, known] of Object.entries(cells)) {
      const run = ewald(
        'index',
        ...listsOf(join(folder, 'lists'), known, { images, spots, seed }),
        '-p',
        cellText(known),
      );
      const { code, doubt } = told(run);
      if (code === 0 && doubt === '') continue;
      note(`${kind}, ${spots} spots, the right cell: ends with ${code}; ${doubt}`);
      wrong.push(`${kind} of ${spots} spots`);
    }
  for (const one of wrongCells) {
    const paths = listsOf(join(folder, 'lists'), cells[one.of], { images, spots: 120, seed });
    const kind = `lists of ${one.of} as ${knownOf(one)}`;
    if (isMissed(kind, ewald('index', ...paths, '-p', knownOf(one)), one, note)) wrong.push(kind);
  }
  // Superstructures: of the spots with odd l a share is strong enough.
  const [[a, b, c, ...angles]] = cells.tP;
  for (const share of [0.2, 0.05, 0.02]) {
    let odd = 0;
    const keep = (row, [, , axis]) => {
      const l = Math.round(row[0] * axis[0] + row[1] * axis[1] + row[2] * axis[2]);
      return l % 2 === 0 || Math.floor(++odd * share) > Math.floor((odd - 1) * share);
    };
    const known = [[a, b, 2 * c, ...angles], 'P'];
    const paths = listsOf(join(folder, 'lists'), known, { images, spots: 240, seed, keep });
    const { factor, doubt } = told(ewald('index', ...paths, '-p', cellText(known)));
    note(`superstructure with ${100 * share} % of the odd spots: ${factor ? `1/${factor}; ${doubt}` : 'kept'}`);
    if (factor) wrong.push(`superstructure of ${share}`);
  }
  return wrong;
}

/** The same from frames, for some. */
function framesOf(folder, images, seed, note) {
  const wrong = [];
  const chosen = [x(1, 1, 2), x(1, 1, 5), x(2, 2, 2), x(1, 1, 1), { as: 'I' }].map((one) => ({ of: 'tP', ...one }));
  for (const one of [...chosen, { of: 'oP', as: 'C' }, { of: 'tI', as: 'P', factor: 2 }]) {
    const cell = cellText(cells[one.of]);
    must('simulate', 'frames', '-o', folder, '--images', images, '--cell', cell, '--seed', seed, '--force');
    const run = ewald(
      'index',
      join(folder, 'run.h5'),
      '-g',
      join(folder, 'run.geom'),
      '-p',
      knownOf(one),
      '-o',
      join(folder, 'run.stream'),
      '--force',
    );
    const kind = `frames of ${one.of} as ${knownOf(one)}`;
    if (one.factor !== 1) {
      if (isMissed(kind, run, one, note)) wrong.push(kind);
    } else if (run.code !== 0) wrong.push(`${kind}: ${told(run).doubt}`);
  }
  return wrong;
}

export async function run({ scale = 1, seeds: given, note = () => {} } = {}) {
  const seed = given?.[0] ?? 100_000 + Math.floor(Math.random() * 1e6);
  const images = Math.max(12, Math.round(20 * scale));
  note(`seed ${seed}`);
  const folder = mkdtempSync(join(tmpdir(), 'ewald-labels-'));
  try {
    const wrong = [
      ...merges(folder, Math.max(12, Math.round(40 * scale)), seed, note),
      ...multiples(folder, images, seed, note),
      ...framesOf(folder, images, seed, note),
    ];
    if (wrong.length > 0) throw new Error(`wrong: ${wrong.join('; ')}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
