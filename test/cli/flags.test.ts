/**
 * Every flag of every command: it is defined by a row, it has the name of an option of the library (or a reason why
 * not), and a mode that does not use it refuses it by name. Examples in READMEs parse.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { Command } from 'commander';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { rooms } from '../../scripts/lib/rooms.mjs';
import { inFlags, wordsInFlags } from '../../src/cli/flag-words.js';
import { listRows } from '../../src/cli/list-rows.js';
import type { CliDeps } from '../../src/cli/output.js';
import { flagValues, nameAsFlags, ownRowsOf, RowFlag, withFlags } from '../../src/cli/parameter-flags.js';
import { commands, runCommand } from '../../src/cli/program.js';
import { shellFlags } from '../../src/cli/shell-rows.js';
import {
  cellAmbiguitiesRows,
  compareCellsRows,
  powderRingsRows,
  transformCellRows,
} from '../../src/crystal/parameters.js';
import { libraryRows } from '../../src/ffi/parameters.js';
import { convertRows, inspectRows, openRows } from '../../src/frames/parameters.js';
import { transformRows } from '../../src/heffte/parameters.js';
import { cellSearchRows } from '../../src/indexing/parameters.js';
import { mergeRows } from '../../src/merging/parameters.js';
import {
  checkListRows,
  compareListsRows,
  convertListRows,
  formatListRows,
  readListRows,
} from '../../src/merging/reflections/parameters.js';
import { fromCrystfelFlags } from '../../src/options/crystfel-flags.js';
import { flagOf, kebab } from '../../src/options/parameter-text.js';
import type { Parameter, Parameters } from '../../src/options/parameters.js';
import { connectionRows, joinRows, rankRows, submitRows } from '../../src/parallel/parameters.js';
import { searchRows } from '../../src/peaks/parameters.js';
import { piPlanRows, piRunRows } from '../../src/pi/parameters.js';
import {
  cellFrameRows,
  checkGeometryRows,
  commandRows,
  gridRows,
  joinStreamRows,
  mapStreamRows,
  orientationRows,
  refinementRows,
  refinePowderRows,
  refineStreamRows,
  regionRows,
  runRows,
  searchSettingRows,
  sinkRows,
  sourceRows,
  thresholdRows,
  unknownCellRows,
} from '../../src/pipeline/parameters.js';
import { listenRows, proxyRows, receivedRows, viewRows, watchRows } from '../../src/server/parameters.js';
import {
  dectrisSimulationRows,
  frameSimulationRows,
  frameWritingRows,
  merlinSimulationRows,
  scanSimulationRows,
  scanWritingRows,
  spotSimulationRows,
} from '../../src/simulate/parameters.js';
import { analysisRows, calibrateRows, newUdfRows, scanRunRows } from '../../src/stem/parameters.js';
import { liveRows } from '../../src/udf/parameters.js';
import { EwaldError } from '../../src/util/errors.js';
import { benchRows, validateRows } from '../../src/validate/parameters.js';
import { flagSample } from './samples.js';

const leaves = new Map<string, Command>();
beforeAll(async () => {
  for (const [name, { load }] of Object.entries(commands)) {
    const program = new Command('ewald');
    (await load()).register(program, name, {} as CliDeps);
    const walk = (command: Command, words: string): void => {
      if (command.commands.length === 0 || command.options.length > 0) leaves.set(words, command);
      for (const child of command.commands) walk(child, `${words} ${child.name()}`.trim());
    };
    walk(program, '');
  }
});

const pipeline = [
  orientationRows,
  ...[searchSettingRows, refinementRows, thresholdRows, sourceRows, regionRows, runRows, sinkRows, searchRows],
  unknownCellRows,
  // Options of the run that are not parameters: known cells, and a viewer.
  { cells: sourceRows.geometry, view: commandRows.view } as Parameters,
];
/** Options of `mergeSink`, whose flags are for the shell's running merge. */
const runningMerge = { wanted: mergeRows.wanted, splitBy: mergeRows.splitBy } as Parameters;
/** Options of `readSpotList` and of `createContext`. */
const lists = listRows;
/** The option of `loadUdfs`. */
const modules = { module: joinRows.modules } as Parameters;
/** The tables of options of the functions that a command calls. */
const libraries: Readonly<Record<string, readonly Parameters[]>> = {
  index: [...pipeline, runningMerge, gridRows, lists, connectionRows, submitRows, rankRows, watchRows, proxyRows],
  reduce: [...pipeline, connectionRows, submitRows, rankRows],
  cell: [...pipeline, lists, cellSearchRows, cellFrameRows],
  'cell compare': [compareCellsRows],
  'cell transform': [transformCellRows],
  'cell rings': [powderRingsRows],
  'cell ambiguities': [cellAmbiguitiesRows],
  'geometry check': [checkGeometryRows],
  'geometry refine': [refineStreamRows, refinePowderRows],
  'stream map': [mapStreamRows],
  'stream merge': [joinStreamRows],
  'stream info': [],
  'stream compare': [],
  'reflections compare': [compareListsRows, readListRows],
  'reflections convert': [convertListRows, formatListRows, readListRows],
  'reflections check': [checkListRows, readListRows],
  merge: [mergeRows, connectionRows, submitRows],
  info: [openRows, inspectRows],
  convert: [openRows, convertRows],
  run: [openRows, analysisRows, scanRunRows, liveRows, modules, connectionRows, submitRows, watchRows, proxyRows],
  calibrate: [openRows, calibrateRows, scanRunRows],
  'udf new': [newUdfRows],
  fft: [transformRows],
  page: [listenRows],
  view: [listenRows, viewRows, receivedRows],
  'simulate frames': [frameSimulationRows, frameWritingRows],
  'simulate dectris': [openRows, dectrisSimulationRows],
  'simulate merlin': [openRows, merlinSimulationRows],
  'simulate scan': [scanSimulationRows, scanWritingRows],
  'simulate spots': [spotSimulationRows, frameWritingRows],
  devices: [],
  validate: [validateRows],
  bench: [benchRows],
  worker: [connectionRows, joinRows, watchRows],
  cluster: [connectionRows],
  ffi: [libraryRows],
  pi: [piRunRows, piPlanRows],
};

/** Flags that do not have the name of their option, and the program from which their name comes. */
const renamed: Readonly<Record<string, string>> = {
  trustProxies: 'trust-proxy, one each',
  iceFrames: 'ice, the frames with ice',
  finder: "peaks, CrystFEL's",
  acceptLog10: 'accept, without the base of the logarithm',
  gain: 'gain-map, since --gain is a number for the finder',
  shells: "nshells, check_hkl's",
  split: "custom-split, partialator's",
  r: 'radius, which all analyses share',
  maskRadius: 'radius, which all analyses share',
  diskRadius: 'radius, which all analyses share',
  maskRadiusInner: 'ri, which all analyses share',
  factories: 'mask, since the command reads files',
  detectorPx: 'size, of the detector',
  dMinA: "highres, CrystFEL's",
  workers: "jobs, CrystFEL's",
  library: 'lib, for short',
  includeDir: "include, which has compilers' -I",
  definitions: "define, which has compilers' -D",
};

test('every command is in the table of this test', { tags: 'house' }, () => {
  expect([...leaves.keys()].sort()).toEqual(Object.keys(libraries).sort());
});

test('every flag of every command is defined by a row', { tags: 'house' }, () => {
  const others = [...leaves].flatMap(([words, { options }]) =>
    options.flatMap((option) => (option instanceof RowFlag ? [] : [`${words} ${option.long}`])),
  );
  expect(others).toEqual([]);
});

test('errors of the library name flags, also where the text has the name of the option', () => {
  const rows = { ...openRows, ...mergeRows } as Parameters;
  const said = nameAsFlags(rows, ['--nav-shape', '4']);
  const texts: Readonly<Record<string, string>> = {
    'navShape is [4]; raise maxFrameBytes (--max-frame-bytes)': '--nav-shape is [4]; raise --max-frame-bytes',
    'pass navShape, such as [2, 3] (--nav-shape 2,3)': 'pass --nav-shape 2,3',
    'pass checksums: false (--no-checksums)': 'pass --no-checksums',
    'merge to a lower resolution, or with ambiguity: false': 'merge to a lower resolution, or with --no-ambiguity',
    'the library belongs to a format (--format)': 'the library belongs to a format (--format)',
    'say cell (-p in the shell)': 'say cell (-p in the shell)',
    'lower minMeasurements (--min-measurements in the shell)': 'lower --min-measurements',
    'pushRes and minSnr leave out all': '--push-res and --min-snr leave out all',
    // Names of files and texts of users are left alone.
    'data/navShape.h5, "navShape", navShape.npy and my-navShape':
      'data/navShape.h5, "navShape", navShape.npy and my-navShape',
    'In JavaScript, pass sigShape to open': 'In JavaScript, pass sigShape to open',
    'the format of the symmetry': 'the format of the symmetry',
  };
  for (const [text, expected] of Object.entries(texts)) {
    const error = new EwaldError('Shape', text, { detail: { frames: 4 } });
    expect(inFlags(error, rows, said), text).toMatchObject({ tag: 'Shape', message: expected, detail: { frames: 4 } });
  }
});

test('every flag that takes one value refuses a second one', async () => {
  const taken: string[] = [];
  let tried = 0;
  for (const [words, command] of leaves)
    for (const option of command.options) {
      if (!(option instanceof RowFlag) || option.long === undefined) continue;
      const [[name, row]] = Object.entries(option.rows) as [[string, Parameter]];
      if (row.kind === 'texts' || row.kind === 'boolean' || option.negate) continue;
      tried++;
      const fresh = new Command('ewald').exitOverride();
      withFlags(fresh, { [name]: row });
      const given = [option.long, ...(row.short ? [`-${row.short}`] : [option.long])];
      const line = given.flatMap((flag, i) => [flag, `value ${i}`]);
      const error = await Promise.resolve()
        .then(() => fresh.parse(line, { from: 'user' }))
        .catch((thrown: unknown) => thrown);
      if (!/ is given twice, as "value 0" and "value 1"; it takes one value/.test(String(error)))
        taken.push(words + option.long);
    }
  expect(taken).toEqual([]);
  expect(tried).toBeGreaterThan(200);
});

test('every flag is an option of the library, or there is a reason why only the shell has it', {
  tags: 'house',
}, () => {
  const used = new Set<string>();
  const lacking = [...leaves].flatMap(([words, command]) =>
    Object.keys(ownRowsOf(command)).flatMap((name) => {
      if (libraries[words]?.some((rows) => Object.hasOwn(rows, name))) return [];
      used.add(name);
      return Object.hasOwn(shellFlags, name) ? [] : [`${words} ${name}`];
    }),
  );
  expect(lacking).toEqual([]);
  expect(Object.keys(shellFlags).filter((name) => !used.has(name))).toEqual([]);
});

test('a flag that turns something off says what it does itself', { tags: 'house' }, () => {
  const lacking = [...leaves].flatMap(([words, command]) =>
    Object.entries(ownRowsOf(command)).flatMap(([name, row]) =>
      row.kind === 'boolean' && row.fallback === true && row.off === undefined ? [`${words} ${name}`] : [],
    ),
  );
  expect(lacking).toEqual([]);
});

test('a flag has the name of its option without the unit, or the name of other programs', { tags: 'house' }, () => {
  const used = new Set<string>();
  const bare = (name: string): string[] => {
    const word = kebab(name.replace(/(A2|[a-z])(A|Mm|Px|Rad|S|Us|V)$/, '$1').replace(/A2$/, ''));
    return [word, word.replace(/s$/, '')];
  };
  const others = [...leaves].flatMap(([words, command]) =>
    Object.entries(ownRowsOf(command)).flatMap(([name, { flag }]) => {
      if (flag == null || bare(name).includes(flag)) return [];
      used.add(name);
      return renamed[name]?.startsWith(`${flag}, `) ? [] : [`${words}: ${name} is --${flag}`];
    }),
  );
  expect(others).toEqual([]);
  expect(Object.keys(renamed).filter((name) => !used.has(name))).toEqual([]);
});

test('a name stands for one kind of value in all commands', { tags: 'house' }, () => {
  const kinds = new Map<string, Set<string>>();
  for (const [, command] of leaves)
    for (const [name, row] of Object.entries(ownRowsOf(command))) {
      const flag = flagOf(name, row);
      kinds.set(flag, (kinds.get(flag) ?? new Set()).add(row.kind));
    }
  const several = [...kinds].flatMap(([flag, set]) => (set.size > 1 ? [`${flag} ${[...set].join(', ')}`] : []));
  // Commands with fewer backends or executors list them; some commands take several cells, outputs or modules; seeds of
  // pi have 64 bits; --tolerance is CrystFEL's list of six numbers, but one distance for the disks of ewald run; --roi is a part of its
  // scan there.
  expect(several.sort()).toMatchInlineSnapshot(`
    [
      "--backend text, choice",
      "--cell texts, text",
      "--module text, texts",
      "--output text, texts",
      "--roi texts, text",
      "--seed integer, count",
      "--tolerance numbers, number",
    ]
  `);
});

describe('modes', () => {
  const lines: string[] = [];
  const spy = () => vi.spyOn(process.stderr, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  afterEach(() => {
    vi.restoreAllMocks();
    process.exitCode = undefined;
  });

  /** A mode of a command: how it is called, and the parts of the command that it has. */
  const modes: readonly (readonly [words: string, stages: readonly string[]])[] = [
    ['merge a.stream -y mmm', ['gaussian', 'resolving the ambiguity']],
    ['merge a.stream -y mmm --model mean', ['mean', 'resolving the ambiguity']],
    ['merge a.stream -y mmm --no-ambiguity', ['gaussian']],
    ...[...new Set(Object.values(analysisRows).flatMap(({ of }) => of as readonly string[]))].map(
      (name) => [`run ${name} scan.npy`, [name, 'frames']] as const,
    ),
    ['simulate frames -o none', ['xray']],
    ['validate --list', []],
    ['bench pi', []],
    ['convert run.h5 -o x.npy', ['npy']],
    ['geometry check x.geom', []],
    ['ffi x.h', []],
  ];
  // Formats refuse flags that they do not use once the file is open (test/frames); executors refuse theirs in
  // test/cli/executor.
  const elsewhere = new Set<string>([...Object.keys(openRows), ...Object.keys(connectionRows)]);

  test.each(modes)('%s', { tags: 'all' }, async (words, stages) => {
    const [name = ''] = [...leaves.keys()].filter((leaf) => words.startsWith(leaf));
    const rows = Object.entries(ownRowsOf(leaves.get(name) as Command));
    const sharing = (flag: string): Parameter[] =>
      rows.flatMap(([other, row]) => (flagOf(other, row) === flag ? [row] : []));
    const unused = rows.filter(([key, row]) => {
      const isChecked = name === 'geometry check' || !elsewhere.has(key);
      const isUsed = sharing(flagOf(key, row)).some(
        ({ of }) => of === undefined || of.some((one) => stages.includes(one)),
      );
      return row.flag !== null && isChecked && !isUsed && !words.includes(flagOf(key, row));
    });
    const found: [string, string | undefined, unknown][] = [];
    const out = spy();
    for (const [key, row] of unused) {
      lines.length = 0;
      await runCommand([...words.split(' '), ...flagSample(key, row)], new AbortController().signal);
      found.push([
        flagOf(key, row),
        / belongs to /.test(lines[0] ?? '') ? lines[0]?.split(' belongs')[0] : lines[0],
        process.exitCode,
      ]);
    }
    out.mockRestore();
    expect(found).toEqual(unused.map(([key, row]) => [flagOf(key, row), `ewald: ${flagOf(key, row)}`, 2]));
  });
});

describe('examples in READMEs', () => {
  const guides = readdirSync('docs').map((name) => `docs/${name}`);
  const pages = ['README.md', ...guides, ...rooms.map((room: string) => `src/${room}/README.md`), 'test/README.md'];
  const textOf = (page: string): string => {
    try {
      return readFileSync(page, 'utf8').replace(/\\\n\s*/g, '');
    } catch {
      return '';
    }
  };
  const typed = (page: string): string[] =>
    [...textOf(page).matchAll(/^(?: {4}|\$ )?(?:npx |mpirun \S+ \S+ |srun )*ewald (.*)$/gm)].map(
      ([, line = '']) => line.split(/ #| \/\/|\s+[|>&]/)[0]?.trim() ?? '',
    );
  const inHelp = Object.entries(commands).flatMap(([name, { examples = [] }]) =>
    examples.map(([, line]) => [`--help of ${name}`, line.replace('ewald ', '')] as const),
  );
  const examples = [...pages.flatMap((page) => typed(page).map((line) => [page, line] as const)), ...inHelp];
  const whole = examples.filter(([, line]) => line !== '' && !/…|\.\.\.|^-|^[A-Z]/.test(line));

  test('there are examples', () => expect(whole.length).toBeGreaterThan(20));

  test.each(whole)('%s: ewald %s', async (_, line) => {
    const typed = [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? '');
    const words = [
      ...fromCrystfelFlags(typed, commands[typed[0] as string]?.crystfel ?? [], typed.includes('--compat')).words,
    ];
    const { load } = commands[words[0] as string] as (typeof commands)[string];
    const program = new Command('ewald').exitOverride();
    (await load()).register(program, words[0] as string, {} as CliDeps);
    const walk = (command: Command): void => {
      command.exitOverride().configureOutput({ writeErr: () => undefined });
      if (command.commands.length === 0 || command.options.length > 0)
        command.action(() => void flagValues(ownRowsOf(command), command.opts()));
      command.commands.forEach(walk);
    };
    walk(program);
    await expect(program.parseAsync(words, { from: 'user' }).then(() => 'accepted')).resolves.toBe('accepted');
  });
});

test('a remark on a run names the flag alone', () => {
  const remark = 'the detector is farther away; refinedGeometry (--refined-geometry FILE) writes one that fits';
  expect(wordsInFlags(remark, sinkRows, nameAsFlags(sinkRows))).toBe(
    'the detector is farther away; --refined-geometry FILE writes one that fits',
  );
});
