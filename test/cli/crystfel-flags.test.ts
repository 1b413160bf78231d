/**
 * The table of CrystFEL's flags: it has every flag of the manuals, agrees with the rows of ewald's own flags, and a
 * pasted command runs.
 */

import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { commands as cellCommands } from '../../src/cli/cell-rows.js';
import { executorRows } from '../../src/cli/executor-rows.js';
import { everywhereRows, indexRows } from '../../src/cli/frame-rows.js';
import { rows as mergeRows } from '../../src/cli/merge-rows.js';
import { commands as listCommands } from '../../src/cli/reflections-rows.js';
import {
  type CrystfelProgram,
  crystfelFlags,
  crystfelPrograms,
  fromCrystfelFlags,
} from '../../src/options/crystfel-flags.js';
import { namedCommand } from '../../src/options/crystfel-lists.js';
import { flagOf } from '../../src/options/parameter-text.js';
import type { Parameter, Parameters } from '../../src/options/parameters.js';
import { ewaldTogether as ewald } from '../support/cli.js';

/** The flags of the manuals of the programs; those of indexamajig are in test/pipeline/crystfel.test.ts. */
const manuals: Readonly<Partial<Record<CrystfelProgram, readonly string[]>>> = {
  partialator: [
    ...['-i', '--input', '-o', '--output', '--output-every-cycle', '-y', '--symmetry', '--start-after', '--stop-after'],
    ...['-n', '--iterations', '--no-scale', '--no-Bscale', '--no-pr', '--no-deltacchalf', '-m', '--model', '-j'],
    ...['--min-measurements', '--no-polarisation', '--polarisation', '--max-adu', '--min-res', '--push-res'],
    ...['--no-free', '--custom-split', '--max-rel-B', '--no-logs', '--log-folder', '-w', '--operator'],
    ...['--force-bandwidth', '--force-radius', '--force-lambda', '--harvest-file'],
    // Accepted, and not in the manual: other spellings, former names, a list of scales, a reference.
    ...['--polarization', '--no-polarization', '--res-push', '--max-rel-b', '--start-params', '--reference'],
  ],
  process_hkl: [
    ...['-i', '--input', '-o', '--output', '-y', '--symmetry', '-g', '--histogram', '-z', '--hist-parameters'],
    ...['--start-after', '--stop-after', '--scale', '--no-polarisation', '--polarisation', '--min-measurements'],
    ...['--min-snr', '--min-cc', '--max-adu', '--min-res', '--push-res', '--even-only', '--odd-only', '--stat'],
    // Accepted by process_hkl.c, and not in the manual: short forms, other spellings, a former name.
    ...['-s', '-f', '--no-polarization', '--polarization', '--res-push'],
  ],
  compare_hkl: [
    ...['-y', '--symmetry', '-p', '--pdb', '--fom', '--nshells', '-u', '--shell-file', '--ignore-negs', '--zero-negs'],
    ...['--sigma-cutoff', '--rmin', '--rmax', '--lowres', '--highres', '--intensity-shells', '--min-measurements'],
  ],
  check_hkl: [
    ...['-y', '--symmetry', '-p', '--pdb', '--rmin', '--rmax', '--lowres', '--highres', '--sigma-cutoff', '--nshells'],
    ...['--wilson', '--ltest', '--shell-file', '--ignore-negs', '--zero-negs'],
  ],
  get_hkl: [
    ...[
      '-i',
      '--input',
      '-o',
      '--output',
      '-y',
      '--symmetry',
      '-p',
      '--pdb',
      '-w',
      '--twin',
      '-e',
      '--expand',
      '--reindex',
    ],
    ...['--highres', '--lowres', '--rmin', '--rmax', '--space-group', '--output-format', '--no-need-all-parts'],
    ...[
      '--trim-centrics',
      '--template',
      '--multiplicity',
      '--poisson',
      '--noise',
      '--adu-per-photon',
      '--cutoff-angstroms',
    ],
  ],
  cell_tool: [
    ...['-p', '--pdb', '-o', '--output', '-y', '--compare-cell', '--transform', '--rings', '--find-ambi', '--highres'],
    ...['--tolerance', '--uncenter', '--cell-choices'],
  ],
  ambigator: [
    ...['-o', '--output', '-y', '--symmetry', '-w', '--operator', '-n', '--iterations', '-j', '--highres', '--lowres'],
    ...['--start-assignments', '--end-assignments', '--fg-graph', '--ncorr', '--really-random', '--corr-matrix'],
  ],
};

const indexFlags: Parameters = { ...everywhereRows, ...indexRows };
const mergeFlags: Parameters = { ...mergeRows, ...executorRows };
const listFlags = Object.assign(
  {},
  ...[...Object.values(listCommands), ...Object.values(cellCommands)].map(({ rows }) => rows),
) as Parameters;
const isOfLists = (program: CrystfelProgram): boolean => /_hkl$|^cell_tool$/.test(program) && program !== 'process_hkl';
const words = (name: string, row: Parameter): string[] => {
  const flag = flagOf(name, row);
  const off = `--no-${flag.replace(/^--(no-)?/, '')}`;
  return [flag, ...(row.short ? [`-${row.short}`] : []), ...('off' in row || 'without' in row ? [off] : [])];
};
const ownFlags = (program: CrystfelProgram): Map<string, Parameter> =>
  new Map(
    Object.entries(program === 'indexamajig' ? indexFlags : isOfLists(program) ? listFlags : mergeFlags).flatMap(
      ([name, row]) => words(name, row).map((word) => [word, row] as const),
    ),
  );

test.each(Object.entries(manuals))('the flags of %s are in the table, each once', (program, flags) => {
  const listed = crystfelFlags.filter((row) => row.program === program).flatMap((row) => row.flags);
  expect(listed.toSorted()).toEqual(flags.toSorted());
});

test.each(crystfelPrograms)('%s: what the table says of a flag is what ewald has', (program) => {
  const own = ownFlags(program);
  for (const { flags, state, ours, takesValue, note } of crystfelFlags.filter((row) => row.program === program))
    for (const flag of flags) {
      const what = `${program} ${flag}`;
      const named = ours ?? flag;
      if (state === 'ignored' || state === 'refused') {
        expect(note, what).not.toBe('');
        if (['indexamajig', 'partialator', 'process_hkl'].includes(program))
          expect([...own.keys()]).not.toContain(flag);
      } else if (named !== '') {
        const row = own.get(named);
        expect(row, what).toBeDefined();
        if (ours === undefined && named !== '--no-polarisation') expect(row?.kind !== 'boolean', what).toBe(takesValue);
        // A row that states a difference is not the same, and one without is not another.
        const isCompared = ours === undefined && program === row?.crystfel?.program && !/tolerance|-no-pol/.test(flag);
        if (isCompared) expect(state, what).toBe(row?.crystfel?.differs === undefined ? 'same' : 'other');
      }
    }
});

test('what notes tell to write exists', () => {
  const known = new Set([
    ...ownFlags('indexamajig').keys(),
    ...ownFlags('partialator').keys(),
    ...ownFlags('compare_hkl').keys(),
  ]);
  for (const { flags, note, program } of crystfelFlags)
    for (const [named] of note.matchAll(/(?<![\w-])--?[a-z][\w-]*/g))
      expect([...known], `${program} ${flags[0]}: ${named}`).toContain(named);
});

test('a pasted command of the manual loses what is not needed, and keeps the rest as it is', () => {
  const pasted =
    '--compat crystfel -i files.lst -g 5HT2B.geom --peaks=zaef --threshold=20 --min-gradient=100 --min-snr=5 ' +
    '--int-radius=3,4,5 --indexing mosflm-latt-nocell,dirax --no-check-peaks --no-retry --wait-for-file=0 ' +
    '--xgandalf-fast-execution --tolerance=5,5,5,1.5 --serial-offset 11 -p 5HT2B.cell -j 16 -o tutorial.stream';
  const { words: kept, notes } = fromCrystfelFlags(pasted.split(' '), ['indexamajig'], true);
  expect(kept.join(' ')).toBe(
    '--compat crystfel -i files.lst -g 5HT2B.geom --peaks=zaef --threshold=20 --min-squared-gradient 100 --min-snr=5 ' +
      '--int-radius=3,4,5 --tolerance=5,5,5,1.5,1.5,1.5 --serial-start 11 -p 5HT2B.cell -j 16 -o tutorial.stream',
  );
  expect(notes.map((note) => note.split(' is omitted: ')[0])).toEqual([
    ...['--indexing', '--no-check-peaks', '--no-retry', '--wait-for-file', '--xgandalf-fast-execution'],
  ]);
});

test('the name of the program is kept or omitted; alone, it leads to the command', async () => {
  const start = ['merge', '--compat', 'crystfel'];
  expect(fromCrystfelFlags([...start, 'partialator', 'a.stream'], ['partialator', 'process_hkl'], true).words).toEqual([
    ...[...start, '-y', '1', 'a.stream'],
  ]);
  const named = ['index', '--compat=crystfel', 'a.h5', 'indexamajig'];
  expect(fromCrystfelFlags(named, ['indexamajig'], true).words).toEqual(named);
  expect(fromCrystfelFlags(['index', 'indexamajig'], ['indexamajig'], false).words).toEqual(['index', 'indexamajig']);
  const { code, err } = await ewald(['indexamajig', '-i', 'files.lst']);
  expect([code, err]).toEqual([2, expect.stringContaining('ewald index --compat crystfel takes its command line')]);
});

test.each([
  ['', ['--model', 'mean'], 1],
  ['--scale', ['--model', 'unity'], 2],
  ['--model xsphere', [], 0],
])('process_hkl %s does not fit partialities unless a model is named', (given, model, count) => {
  const own = ['-y', '4/mmm', ...given.split(' ').filter((word) => word !== '')];
  const typed = ['merge', '--compat', 'crystfel', '/usr/bin/process_hkl', ...own, 'a.stream'];
  const { words: kept, notes } = fromCrystfelFlags(typed, ['partialator', 'process_hkl'], true);
  const named = own.filter((word) => word !== '--scale');
  expect(kept).toEqual(['merge', '--compat', 'crystfel', ...model, ...named, 'a.stream']);
  expect(notes).toHaveLength(count);
});

test.each([
  ['--no-logs', '-y 1', /^-y 1 is added/],
  ['-y 4/mmm --model=unity --no-scale --no-pr', '--model mean -y 4/mmm', /^--model mean takes the place/],
  ['--symmetry=4/mmm -m unity --no-scale', '--model mean --symmetry=4/mmm', /^--model mean takes the place/],
])('partialator %s is a merge with %s', (given, ours, note) => {
  const typed = ['merge', '--compat', 'crystfel', ...given.split(' '), 'a.stream'];
  const { words: kept, notes } = fromCrystfelFlags(typed, ['partialator', 'process_hkl'], true);
  expect(kept.join(' ')).toBe(`merge --compat crystfel ${ours} a.stream`);
  expect(notes).toContainEqual(expect.stringMatching(note));
});

test('partialator without scales but with partialities is refused, with what to write instead', () => {
  const typed = ['merge', '--compat', 'crystfel', '-y', '4/m', '--no-scale', 'a.stream'];
  expect(() => fromCrystfelFlags(typed, ['partialator'], true)).toThrow(/with --model unity it is --model mean/);
});

test('streams of partialator follow -i, or are attached to it', () => {
  for (const given of [['-i', 'a.stream'], ['-ia.stream'], ['--input=a.stream'], ['--input', 'a.stream']])
    expect(fromCrystfelFlags([...given, '-y', '4/m', '-w', '4/mmm', '--no-logs'], ['partialator'], true).words).toEqual(
      [...['a.stream', '-y', '4/m', '-w', '4/mmm']],
    );
});

test('other spellings and former names of partialator are those of ewald', () => {
  const typed = [
    'a.stream',
    '-y',
    '4/mmm',
    '--no-polarization',
    '--polarization=horiz',
    '--res-push=1.5',
    '--max-rel-b=100',
  ];
  const { words: kept, notes } = fromCrystfelFlags(typed, ['partialator'], true);
  expect(kept).toEqual([
    'a.stream',
    '-y',
    '4/mmm',
    '--no-polarisation',
    '--polarisation',
    'horiz',
    '--push-res',
    '1.5',
  ]);
  expect(notes.map((note) => note.split(' is omitted')[0])).toEqual(['--max-rel-b']);
  expect(() => fromCrystfelFlags(['--start-params=a.dat'], ['partialator'], true)).toThrow(
    /--start-params is a flag of/,
  );
});

test.each([
  ['--indexing=none', /--indexing=none is a flag of CrystFEL's indexamajig that ewald does not have: .* -p none/],
  ['--indexing=file', /--indexing=file is a flag/],
  ['--peaks=peakfinder9', /--peaks=peakfinder9 is a flag .* use peakfinder8, zaef or dispersion$/],
  ['--median-filter=3', /--median-filter is a flag .*: peaks are compared/],
  ['--fromfile-format=sol', /--fromfile-format is a flag .*--orientations takes/],
  ['-y 4/m', /^-y is a flag of CrystFEL's indexamajig .*: a flag of merging/],
])('%s is refused in a pasted command as well', (line, message) => {
  expect(() => fromCrystfelFlags(line.split(' '), ['indexamajig'], true)).toThrow(
    expect.objectContaining({ tag: 'Unsupported', message: expect.stringMatching(message) }),
  );
});

test('orientations from a file are those of --orientations', () => {
  const pasted = ['a.h5', '--indexing=file', '--fromfile-input-file=a.sol', '-o', 'b.stream'];
  expect(fromCrystfelFlags(pasted, ['indexamajig'], true).words.join(' ')).toBe(
    'a.h5 --orientations a.sol -o b.stream',
  );
});

test('without --compat, what would be omitted is refused, with the way to paste a command', () => {
  for (const word of ['--no-retry', '--temp-dir=/tmp', '--pdb=a.cell'])
    expect(() => fromCrystfelFlags([word], ['indexamajig'], false)).toThrow(
      /is a flag of .*; --compat crystfel takes a pasted/,
    );
});

test('values that look like a flag are not taken for one', () => {
  const typed = ['a.stream', '-y', '4/m', '--min-snr', '-inf', '-o', '-w', '-m', 'unity', '--', '-i'];
  expect(fromCrystfelFlags(typed, ['partialator', 'process_hkl'], false)).toEqual({
    words: typed,
    notes: [],
    renamed: new Map(),
  });
  expect(fromCrystfelFlags(['run.h5', '--indexing'], ['indexamajig'], true).words).toEqual(['run.h5']);
  expect(fromCrystfelFlags(['-'], ['indexamajig'], true).words).toEqual(['-']);
});

test('pasted commands of indexamajig and partialator run', { tags: 'all', timeout: 120_000 }, async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'ewald-pasted-'));
  const run = async (line: string) => ewald(line.split(' '), { cwd });
  try {
    expect((await run('simulate frames -o . --images 4 --size 512,512')).code).toBe(0);
    // Names of a list are relative to the current folder in CrystFEL.
    mkdirSync(join(cwd, 'lists'));
    writeFileSync(join(cwd, 'lists/files.lst'), 'run.h5\n');
    const line =
      '-i lists/files.lst -g run.geom -p run.cell -o run.stream --peaks=zaef --threshold=20 --min-gradient=100 ' +
      '--min-pix-count=2 --int-radius=3,4,5 --indexing=xgandalf --no-retry --tolerance=5,5,5,1.5 --temp-dir=/tmp -j 1';
    // Without the flag it is refused, before anything is read.
    expect(await run(`index ${line}`)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--min-gradient is a flag/),
    });
    const pasted = await run(`index --compat crystfel ${line}`);
    expect([pasted.code, pasted.out]).toEqual([0, expect.stringContaining('4 of 4 frames indexed')]);
    const named = [...pasted.err.matchAll(/^note: (--[\w-]+)/gm)].map(([, flag]) => flag);
    expect(named).toEqual(['--indexing', '--no-retry', '--temp-dir', '--min-pix-count', '--tolerance']);
    // Flags that CrystFEL does not have are checked as always.
    const wrong = await run(`index --compat crystfel ${line} --sigma-strong=3`);
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('--sigma-strong belongs to dispersion')]);
    const other = await run('index run.h5 --compat xds');
    expect([other.code, other.err]).toEqual([
      2,
      expect.stringContaining('--compat is "xds"; expected one of crystfel'),
    ]);
    const merged = await run(
      'merge --compat=crystfel -i run.stream -o run.hkl -y 4/mmm --no-logs -w 4/mmm --min-measurements=1 --json',
    );
    expect(JSON.parse(merged.out)).toMatchObject({ files: ['run.hkl', 'run.hkl1', 'run.hkl2'] });
    expect(merged.err).toContain('note: --no-logs is omitted');
    // The usage cases of the manual of partialator, and a command line of process_hkl.
    for (const [flags, model, crystals] of [
      ['--model=unity --iterations=0', 'unity', 4],
      ['--model=unity --iterations=1', 'unity', 4],
      ['--model=xsphere --iterations=1', 'xsphere', 4],
      ['--start-after=1 --stop-after=2 --no-deltacchalf --no-free --max-rel-B=100', 'gaussian', 2],
      ['--model=mean --scale --stat=stat.dat --min-cc=-1 --min-snr=-inf --max-adu=60000', 'mean', 4],
    ] as const) {
      const files = '-i run.stream -o my.hkl --force --json';
      const { out, err } = await run(`merge --compat=crystfel ${files} -y 4/mmm --min-measurements=1 ${flags}`);
      expect(JSON.parse(out), err).toMatchObject({ model, merged: crystals, files: ['my.hkl', 'my.hkl1', 'my.hkl2'] });
    }
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
});

/** Command lines of CrystFEL's own documentation, as they stand there, and where they stand in its repository. */
const documented = {
  'doc/articles/electrons.rst, "Indexing patterns"':
    'indexamajig -g sample.geom -i input-files.lst -o sample.stream ' +
    '--indexing=pinkindexer --pinkIndexer-reflection-radius=0.003 ' +
    '--peaks=zaef --threshold=300 --min-squared-gradient=50000',
  'doc/man/indexamajig.1.md, "Description"':
    'indexamajig -i mypatterns.lst -g mygeometry.geom --indexing=xgandalf --peaks=hdf5 -p mycell.pdb -o test.stream',
  'doc/man/process_hkl.1 of 2011, "Description"': 'process_hkl -i mypatterns.stream -o mydata.hkl -y mypointgroup',
  'doc/man/partialator.1, "Synopsis"': 'partialator -i input.stream -o output.hkl -y pointgroup',
} as const;

describe('command lines of the documentation of CrystFEL', { tags: 'all', timeout: 120_000 }, () => {
  const cwd = mkdtempSync(join(tmpdir(), 'ewald-documented-'));
  afterAll(() => rmSync(cwd, { recursive: true, force: true }));
  /** Runs one unchanged, but for the word in place of a point group. */
  const pasted = (where: keyof typeof documented) => {
    const line = documented[where].replace(/(my)?pointgroup$/, '4/mmm').split(' ');
    return ewald([line[0] === 'indexamajig' ? 'index' : 'merge', '--compat', 'crystfel', ...line], { cwd });
  };

  test('indexamajig finds peaks and crystals with the files of these names', async () => {
    expect(
      (await ewald('simulate frames -o . --images 4 --size 512,512 --strength 6000'.split(' '), { cwd })).code,
    ).toBe(0);
    copyFileSync(join(cwd, 'run.geom'), join(cwd, 'sample.geom'));
    writeFileSync(join(cwd, 'input-files.lst'), 'run.h5\n');
    const { code, out, err } = await pasted('doc/articles/electrons.rst, "Indexing patterns"');
    expect([code, out], err).toEqual([0, expect.stringContaining('4 of 4 frames indexed')]);
    expect(err).toContain('note: --indexing is omitted');
    expect(err).toContain('note: --pinkIndexer-reflection-radius is omitted');
    expect(readFileSync(join(cwd, 'sample.stream'), 'utf8')).toMatch(/^peak_search: .*zaef|^num_peaks = [1-9]/m);
  });

  test('peaks that the files list are asked for, with a cell of a PDB file', async () => {
    const cell = readFileSync(join(cwd, 'run.cell'), 'utf8');
    const edge = (name: string): number => Number(new RegExp(`^${name} = ([\\d.]+)`, 'm').exec(cell)?.[1]);
    const column = (x: number, digits: number, width: number): string => x.toFixed(digits).padStart(width);
    const lengths = ['a', 'b', 'c'].map((name) => column(edge(name), 3, 9)).join('');
    const angles = ['al', 'be', 'ga'].map((name) => column(edge(name), 2, 7)).join('');
    writeFileSync(join(cwd, 'mycell.pdb'), `CRYST1${lengths}${angles} P 43 21 2     8\nEND\n`);
    writeFileSync(join(cwd, 'mygeometry.geom'), readFileSync(join(cwd, 'run.geom')));
    writeFileSync(join(cwd, 'mypatterns.lst'), 'run.h5\n');
    // The simulated file has no list, which is reported; the command is understood up to there.
    const { code, err } = await pasted('doc/man/indexamajig.1.md, "Description"');
    expect([code, err]).toEqual([1, expect.stringMatching(/note: --indexing is omitted[\s\S]*has no peak list at/)]);
  });

  test.each([
    ['doc/man/process_hkl.1 of 2011, "Description"', 'mypatterns.stream', 'mydata.hkl'],
    ['doc/man/partialator.1, "Synopsis"', 'input.stream', 'output.hkl'],
  ] as const)('%s merges the stream of that name', async (where, stream, hkl) => {
    copyFileSync(join(cwd, 'sample.stream'), join(cwd, stream));
    const { code, err } = await pasted(where);
    expect(code, err).toBeLessThan(2);
    expect(err.includes('--model mean is added')).toBe(where.includes('process_hkl'));
    expect(readFileSync(join(cwd, hkl), 'utf8')).toMatch(/^CrystFEL reflection list version 2\.0\nSymmetry: 4\/mmm\n/);
  });
});

describe('programs for lists and cells', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-lists-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const at = (name: string): string => join(folder, name);
  const lines = Array.from({ length: 60 }, (_, n) => {
    const [h, k, l] = [n % 4, 1 + (Math.floor(n / 4) % 4), Math.floor(n / 16)];
    return `${h} ${k} ${l} ${(100 + ((37 * n) % 89)).toFixed(2)} - 5.00 3`;
  });
  const list = (of: readonly string[]): string =>
    ['CrystFEL reflection list version 2.0', 'Symmetry: 4/m', '   h    k    l          I    phase   sigma(I)   nmeas']
      .concat(of, 'End of reflections', '')
      .join('\n');
  writeFileSync(at('a.hkl'), list(lines));
  writeFileSync(at('b.hkl'), list(lines.map((line) => line.replace(/ 1(\d\d\.)/, ' 2$1'))));
  writeFileSync(
    at('c.cell'),
    'CrystFEL unit cell file version 1.0\nlattice_type = tetragonal\ncentering = P\nunique_axis = c\na = 52 A\nb = 52 A\nc = 44 A\nal = 90 deg\nbe = 90 deg\nga = 90 deg\n',
  );
  const pasted = (command: string, line: string) =>
    ewald([command, '--compat', 'crystfel', ...line.split(' ')], { cwd: folder });

  test('an old script of compare_hkl, check_hkl and get_hkl works when it is pasted', async () => {
    const compared = await pasted(
      'reflections',
      'compare_hkl a.hkl b.hkl -y 4/m -p c.cell --fom=rsplit --nshells=3 -u',
    );
    expect([compared.code, compared.err]).toEqual([0, expect.stringMatching(/--fom is omitted/)]);
    // With the command named as well.
    const again = await ewald('reflections compare --compat crystfel compare_hkl a.hkl b.hkl -p c.cell -u'.split(' '), {
      cwd: folder,
    });
    expect(again.code, again.err).toBe(0);
    expect(compared.out).toContain('no scale and no relative B were fitted');
    const checked = await pasted(
      'reflections',
      '/usr/bin/check_hkl -p c.cell a.hkl -y 4/m --nshells=3 --rmax=1e9 --wilson',
    );
    expect(checked.code, checked.err).toBe(0);
    expect(checked.out).toMatch(/– 10\.00/);
    const made = await pasted('reflections', 'get_hkl -i a.hkl -y 4/m -p c.cell -w 4/mmm -o twin.hkl');
    expect(made.code, made.err).toBe(0);
    expect(readFileSync(at('twin.hkl'), 'utf8')).toContain('Symmetry: 4/m');
  });

  test('flags that both programs have are taken without --compat', async () => {
    for (const flags of ['--expand=-1', '--twin=4/mmm', '--reindex=k,h,-l --highres=12']) {
      const line = `reflections convert a.hkl -p c.cell ${flags} -o made.hkl --force`;
      const { code, err } = await ewald(line.split(' '), { cwd: folder });
      expect(code, err).toBe(0);
    }
  });

  test('each mode of cell_tool is a command of ewald cell', async () => {
    const rings = await pasted('cell', 'cell_tool --rings --highres=20 -p c.cell');
    expect([rings.code, rings.out]).toEqual([0, expect.stringContaining('52.0000')]);
    const ways = await pasted('cell', 'cell_tool --find-ambi -p c.cell -y 4/m');
    expect([ways.code, ways.out]).toEqual([0, expect.stringContaining('k,h,-l')]);
    const moved = await pasted('cell', 'cell_tool -p c.cell --transform=b,c,a -o d.cell');
    expect([moved.code, readFileSync(at('d.cell'), 'utf8')]).toEqual([
      0,
      expect.stringMatching(/a = 52\.000 A\nb = 44\.000 A/),
    ]);
    const compared = await pasted('cell', 'cell_tool --compare-cell=d.cell -p c.cell --tolerance=2,2,2,1.5,1.5,1.5');
    expect([compared.code, compared.out]).toEqual([0, expect.stringMatching(/the axes of d\.cell are .* of c\.cell/)]);
  });

  test('what has no counterpart is refused with what to write, and the program has to be named', async () => {
    const said = async (command: string, line: string): Promise<string> => (await pasted(command, line)).err;
    expect(await said('cell', 'cell_tool --uncenter -p c.cell')).toMatch(/--uncenter .*ewald cell transform/);
    expect(await said('cell', 'cell_tool -p c.cell')).toMatch(/cell_tool without --compare-cell, --transform/);
    expect(await said('cell', 'cell_tool --compare-cell=c.cell -p c.cell --tolerance=1,2,3,1,1,1')).toMatch(
      /has several numbers/,
    );
    expect(await said('reflections', 'a.hkl b.hkl')).toMatch(/compare_hkl \| check_hkl \| get_hkl/);
    expect(await said('reflections', 'get_hkl -i a.hkl -o b.hkl --output-format=mtz')).toMatch(/-o run\.mtz/);
    const both = 'compare_hkl a.hkl b.hkl -y 4/m -p c.cell';
    expect(await said('reflections', `${both} --shell-file=x.dat`)).toMatch(
      /--shell-file .* they are printed, and --json/,
    );
    for (const flag of ['--sigma-cutoff=-5', '--ignore-negs', '--zero-negs'])
      expect(await said('reflections', `${both} ${flag}`)).toMatch(/which biases every figure; leave the flag out/);
    expect(await said('reflections', 'get_hkl -i a.hkl -o b.hkl --noise')).toMatch(
      /no noise is added .* ewald simulate/,
    );
    // Flags are named as they were typed, and values as well.
    for (const value of ['x', '-1', '0', '1e3', '1e30'])
      expect(await said('reflections', `${both} --rmin=${value}`)).toMatch(/--rmin is "[^"]*"; expected 1\/d in 1\/m/);
    expect(await said('reflections', `${both} --rmin=2e9 --rmax=1e9`)).toMatch(
      /--rmin \(here --lowres\) is 5 and --rmax \(here --highres\) 10 angstrom/,
    );
    expect(await said('reflections', 'get_hkl -i a.hkl -o e.hkl -p c.cell -w 4')).toMatch(/4 does not contain 4\/m/);
    expect((await ewald(['compare_hkl', 'a', 'b'])).err).toMatch(
      /ewald reflections --compat crystfel takes its command line/,
    );
  });
});

test('a program that is pasted behind the command of another one is named with its own', () => {
  for (const [parent, program, own, programs] of [
    ['reflections', 'partialator', 'merge', ['compare_hkl', 'check_hkl', 'get_hkl']],
    ['merge', '/opt/compare_hkl', 'reflections', ['partialator', 'process_hkl', 'ambigator']],
    ['cell', 'indexamajig', 'index', ['cell_tool']],
  ] as const) {
    const words = [parent, '--compat', 'crystfel', program, 'a'];
    expect(() => {
      const { words: named } = namedCommand(words, programs, true) ?? { words };
      fromCrystfelFlags(named, programs, true);
    }).toThrow(`pasted behind another command: ewald ${own} --compat crystfel ${program.replace('/opt/', '')} …`);
  }
});
