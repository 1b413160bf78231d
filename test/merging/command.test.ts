/** `ewald merge` as a command: what it writes, what it prints, and which files stay unchanged when it fails. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createContext } from 'ewald';
import type { ViewedRun } from 'ewald/pipeline';
import { afterAll, expect, test } from 'vitest';
import { ewaldTogether } from '../support/cli.js';
import { textOfReport } from '../support/report-text.js';
import { askGemmi, gemmi } from './gemmi.js';
import { readMtz } from './mtz-reader.js';
import { simulateStream } from './simulated.js';

const folder = mkdtempSync(join(tmpdir(), 'ewald-merge-'));
afterAll(() => rmSync(folder, { recursive: true }));
const { text } = simulateStream({ crystals: 20, symmetry: 'mmm', parameters: [24, 28, 33, 90, 90, 90] });
writeFileSync(join(folder, 'a.stream'), text);
writeFileSync(join(folder, 'a.stream.gz'), gzipSync(text));
writeFileSync(join(folder, 'a.stream.xz'), Buffer.from('fd377a585a000004e6d6b446', 'hex'));
const merge = (words: string) => ewaldTogether(['merge', ...words.split(' ')], { cwd: folder });

/** The grammar of check_hkl: a header of three lines, rows in fixed columns, an end. */
function checkList(name: string): void {
  const [title, symmetry, heads, ...rest] = readFileSync(join(folder, name), 'utf8').split('\n');
  expect([title, symmetry, heads]).toEqual([
    'CrystFEL reflection list version 2.0',
    'Symmetry: mmm',
    '   h    k    l          I    phase   sigma(I)   nmeas',
  ]);
  const end = rest.indexOf('End of reflections');
  expect(end).toBeGreaterThan(20);
  // Widths as CrystFEL prints them: %4d %4d %4d %10.2f %8s %10.2f %7d.
  const numbers = /^( *-?\d+){3} +-?\d+\.\d\d {8}- +\d+\.\d\d +[1-9]\d*$/;
  for (const row of rest.slice(0, end)) {
    expect(row).toMatch(numbers);
    expect(row).toMatch(/^([ \d-]{4} ){3}[ \d.-]{10} {8}- [ \d.]{10} [ \d]{7}$/);
  }
  // The notes that may follow are no rows.
  for (const line of rest.slice(end + 1)) expect(line).not.toMatch(numbers);
}

test.each(['run.h5', 'run.h5.gz'])('an HDF5 file is refused, and the stream of its run named: %s', async (name) => {
  const begin = Buffer.from('\x89HDF\r\n\x1a\n and columns', 'latin1');
  writeFileSync(join(folder, name), name.endsWith('.gz') ? gzipSync(begin) : begin);
  const { code, out, err } = await merge(`a.stream ${name} -y mmm -o none.hkl`);
  expect([code, out]).toEqual([1, '']);
  expect(err).toContain(
    `${name} is an HDF5 file, and merging reads streams; expected the stream of the run, such as run.stream,`,
  );
  expect(readdirSync(folder)).not.toContain('none.hkl');
});

test('a stream that ends within a frame is merged, and ends with 1', async () => {
  writeFileSync(join(folder, 'cut.stream'), text.slice(0, -400));
  const { code, err } = await merge('cut.stream -y mmm -n 2 -o cut.hkl --no-polarisation --nshells 40');
  expect(err).toContain('skipped: 1 frame in which a stream ends; those that followed are missing');
  expect(code).toBe(1);
});

test('lists, an MTZ file and JSON are written', { tags: 'all' }, async () => {
  const { code, out, err } = await merge(
    'a.stream.gz -y mmm -n 2 -o a.hkl --mtz a.mtz --unmerged u.mtz --html a.html --no-polarisation --nshells 40 --json',
  );
  expect([code, err]).toEqual([0, '']);
  const summary = JSON.parse(out);
  expect(summary).toMatchObject({
    model: 'gaussian',
    polarisation: { correction: 'none' },
    merged: 20,
    counts: { frames: 20, crystals: 20, truncated: 0 },
    waysToIndex: ['h,k,l'],
    files: ['a.hkl', 'a.hkl1', 'a.hkl2', 'a.mtz', 'u.mtz', 'a.html'],
  });
  expect(summary.statistics.overall.ccHalf).toBeGreaterThan(0.8);
  // A correlation of a few reflections means nothing.
  const small = summary.statistics.shells.filter(({ common }: { common: number }) => common < 10);
  expect(small.length).toBeGreaterThan(0);
  for (const { common, ccHalf } of summary.statistics.shells) expect(ccHalf === null, common).toBe(common < 10);
  // Without an ambiguity, the odds are infinite, which JSON writes as null.
  expect(summary.crystals).toHaveLength(20);
  expect(summary.crystals[0]).toMatchObject({ filename: 'simulated.h5', event: '//0', way: 0, logOdds: null });
  const page = readFileSync(join(folder, 'a.html'), 'utf8');
  expect(page).not.toMatch(/<script|https?:|@import|NaN|undefined|Infinity/);
  // The curve of Rsplit is absent where no shell has a reliable value.
  expect(page.match(/<svg/g)?.length).toBeGreaterThanOrEqual(8);
  const { ccHalf, unique } = summary.statistics.overall;
  for (const text of [ccHalf.toFixed(4), `<b>${unique}</b><span>unique reflections`, 'mmm', 'ewald merge a.stream.gz'])
    expect(page).toContain(text);
  for (const name of ['a.hkl', 'a.hkl1', 'a.hkl2']) checkList(name);
  const { rows, columns } = readMtz(readFileSync(join(folder, 'a.mtz')));
  expect(rows).toHaveLength(summary.statistics.overall.unique);
  expect(columns.map(({ label }) => label)).toEqual(['H', 'K', 'L', 'IMEAN', 'SIGIMEAN', 'N']);
  // The scaled individual observations: their weighted mean is the merged intensity, on the scale of the fit.
  const unmerged = readMtz(readFileSync(join(folder, 'u.mtz')));
  expect(unmerged.rows).toHaveLength(summary.counts.reflections);
  const names = unmerged.columns.map(({ label, type }) => `${label}:${type}`);
  expect(names.slice(3)).toEqual([
    'M/ISYM:Y',
    'BATCH:B',
    'I:J',
    'SIGI:Q',
    'SCALE:R',
    'dHKL:R',
    'ewald_offset:R',
    'XDET:R',
    'YDET:R',
  ]);
  expect(new Set(unmerged.rows.map((row) => row[4])).size).toBe(20);
  const [strongest = []] = [...rows].sort((a, b) => (b[3] ?? 0) - (a[3] ?? 0));
  const same = unmerged.rows.filter((row) => [0, 1, 2].every((i) => Math.abs(row[i] ?? 0) === strongest[i]));
  expect(same.length).toBeGreaterThanOrEqual(strongest[5] ?? 0);
  for (const [h = 0, k = 0, l = 0, , , , , , d = 0] of same)
    expect(d).toBeCloseTo(1 / Math.hypot(h / 24, k / 28, l / 33), 3);
  // The MTZ file is accepted as a reference as well.
  const again = JSON.parse((await merge('a.stream -y mmm -n 2 --no-polarisation --reference a.mtz --json')).out);
  expect(again.statistics.overall.ccReference).toBeGreaterThan(0.9999);
});

test.skipIf(!gemmi)(
  `gemmi reads MTZ files${gemmi ? '' : ' (absent: gemmi is not installed)'}`,
  { tags: 'all' },
  async () => {
    const { code, err } = await merge(
      'a.stream -y mmm -n 1 --no-polarisation --space-group p212121 -o g.hkl --mtz g.mtz --unmerged gu.mtz',
    );
    expect(code, err).toBe(0);
    const program = `
import json, gemmi
out = []
for name in ('g.mtz', 'gu.mtz'):
    mtz = gemmi.read_mtz_file('${folder}/' + name)
    out.append({'group': mtz.spacegroup.hm, 'cell': list(mtz.cell.parameters), 'rows': mtz.nreflections,
        'types': ''.join(c.type for c in mtz.columns), 'wavelength': mtz.datasets[-1].wavelength,
        'unit': all(gemmi.ReciprocalAsu(mtz.spacegroup).is_in(mtz.get_miller(i)) for i in range(50))
          if hasattr(mtz, 'get_miller') else True,
        'first': [float(x) for x in mtz.array[0]]})
out[1]['batches'] = len(mtz.batches)
out[1]['unit'] = all(gemmi.ReciprocalAsu(mtz.spacegroup).is_in([int(x) for x in row[:3]]) for row in mtz.array)
out[1]['switched'] = mtz.switch_to_original_hkl()
out[1]['original'] = [[float(x) for x in row[[0, 1, 2, 5]]] for row in mtz.array if row[4] == 1]
print(json.dumps(out))`;
    const [merged, unmerged] = JSON.parse(askGemmi(program));
    const rows = readFileSync(join(folder, 'g.hkl'), 'utf8').split('\n').slice(3);
    expect(merged).toMatchObject({
      group: 'P 21 21 21',
      rows: rows.indexOf('End of reflections'),
      types: 'HHHJQI',
      wavelength: expect.closeTo(1.3, 4),
      unit: true,
    });
    for (const [i, x] of [24, 28, 33, 90, 90, 90].entries()) expect(merged.cell[i]).toBeCloseTo(x, 2);
    const [h, k, l, intensity, sigma, count] = merged.first as number[];
    const row = rows.find((one) => one.trim().split(/\s+/).slice(0, 3).join() === [h, k, l].join());
    const [, , , i, , s, n] = (row ?? '').trim().split(/\s+/).map(Number);
    expect([intensity, sigma, count]).toEqual([expect.closeTo(i ?? 0, 1), expect.closeTo(s ?? 0, 1), n]);
    expect(unmerged).toMatchObject({
      group: 'P 21 21 21',
      types: 'HHHYBJQRRRRR',
      batches: 20,
      unit: true,
      switched: true,
    });
    // The indices of the stream come back.
    const [, list = ''] = /Reflections measured after indexing\n.*\n([\s\S]*?)End of reflections/.exec(
      readFileSync(join(folder, 'a.stream'), 'utf8'),
    ) as RegExpExecArray;
    const measured = new Map(
      list.split('\n').map((line) => {
        const [h, k, l, intensity] = line.trim().split(/\s+/).map(Number);
        return [`${h} ${k} ${l}`, intensity];
      }),
    );
    expect(unmerged.original.length).toBeGreaterThan(20);
    for (const [h, k, l, intensity] of unmerged.original as number[][])
      expect(measured.get(`${h} ${k} ${l}`), `${h} ${k} ${l}`).toBeCloseTo(intensity ?? 0, 1);
  },
);

test('a merge replaces the files of an earlier one, and no others', { tags: 'all' }, async () => {
  const words =
    'a.stream -y mmm -n 1 --no-polarisation -o r.hkl --mtz r.mtz --unmerged ru.mtz --html r.html --state r.state';
  const files = ['r.hkl', 'r.hkl1', 'r.hkl2', 'r.mtz', 'ru.mtz', 'r.html', 'r.state'];
  for (const time of ['first', 'second']) {
    const { code, err } = await merge(words);
    expect(code, `${time}: ${err}`).toBe(0);
  }
  for (const file of files) {
    const ours = readFileSync(join(folder, file));
    // An edited list, a file that another program processed, a page of somebody else.
    const changed = ours.toString('latin1').replaceAll('ewald', 'other').replace('EWALDMG1', 'OTHERMG1');
    writeFileSync(join(folder, file), changed, 'latin1');
    const { code, err } = await merge(words);
    expect(code).toBe(2);
    expect(err).toContain(`${file} exists and does not say that ewald wrote it; choose another name, or pass --force`);
    expect(readFileSync(join(folder, file), 'latin1')).toBe(changed);
    writeFileSync(join(folder, file), ours);
  }
});

test('a run reports the progress of the merge of its crystals', { tags: 'all' }, async () => {
  const run = (words: string) => ewaldTogether(words.split(' '), { cwd: folder });
  await run('simulate frames -o frames --images 2 --size 384,384 --pixel 0.2 --cell 30,30,40,90,90,90');
  const index = 'index frames/run.h5 -g frames/run.geom -p frames/run.cell -j 1 -o run.stream --merge 4/mmm';
  const { code, err } = await run(`${index} --html run.html`);
  // Nothing says how good a merge of two crystals is.
  expect([code, err]).toEqual([1, expect.stringMatching(/^merge: The halves have 0 reflections in common/m)]);
  expect(err).toMatch(/^merge: CC1\/2 \S+, complete \d+ % to \d\.\d Å/m);
  // The report of the run has the numbers and plots of the report of a merge.
  const page = textOfReport(readFileSync(join(folder, 'run.html'), 'utf8'));
  expect(page).not.toMatch(/<script|https?:|@import|NaN|undefined|Infinity/);
  const [, section = ''] = page.split('<h2>Merge in 4/mmm</h2>');
  expect(section).toMatch(/<b>2<\/b><span>crystals of 2 frames/);
  expect(section.match(/<svg/g)?.length).toBeGreaterThan(3);
  expect(section).toContain('<div class="shells"><table>');
  expect(section.indexOf('<h2>Time</h2>')).toBeGreaterThan(0);
  const refused = await run(index.replace('4/mmm', '4/m/m').replace('run.stream', 'none.stream'));
  expect(refused.code).not.toBe(0);
  expect(refused.err).toMatch(/"4\/m\/m" is not a point group/);
  expect(readdirSync(folder)).not.toContain('none.stream');
});

test('a run whose merge contradicts its point group ends with the exit code of doubtful data', {
  tags: 'all',
}, async () => {
  const run = (words: string) => ewaldTogether(words.split(' '), { cwd: folder });
  const crystal = '--cell 50,50,60,90,90,90 --symmetry 4/m --domain 400 --strength 3000';
  await run(`simulate frames -o low --images 24 --size 384,384 --pixel 0.2 ${crystal}`);
  const search = 'index low/run.h5 -g low/run.geom -p low/run.cell -j 1 --merge';
  const high = await run(`${search} 4/mmm`);
  expect(high.code).toBe(1);
  expect(high.err).toMatch(/^merge: The intensities contradict the point group 4\/mmm: .* Merge in 4\/m,/m);
  expect((await run(`${search} 4/m`)).code).toBe(0);
});

test('a run shows the status of its sinks in its viewer, and their results in its report', {
  tags: 'all',
}, async () => {
  const context = await createContext({ backend: 'wasm' });

  let viewed: ViewedRun | undefined;
  const happened = new Set<string>();
  let page = '';
  const events: string[] = [];
  const idle = { add: async () => {}, discard: async () => {} };
  const sink = {
    ...idle,
    close: async () => String(events.push('the sink has closed')),
    status: () => 'CC1/2 .93',
    reportSection: () => `<h2>${events.join()}</h2>`,
  };
  const run = context.pipeline({
    inputs: [join(folder, 'frames/run.h5')],
    geometry: join(folder, 'frames/run.geom'),
    cells: [join(folder, 'frames/run.cell')],
    sinks: [sink, { ...idle, close: async () => '' }],
    html: (piece) => {
      page += new TextDecoder().decode(piece);
    },
    view: {
      runSink: (given) => {
        viewed = given;
        return { ...idle, close: async () => String(events.push('the viewer has closed')) };
      },
      happened: ({ kind }) => void happened.add(kind),
    },
  });
  for await (const _ of run);
  expect(viewed?.status?.()).toEqual(['CC1/2 .93']);
  expect([...happened]).toEqual(expect.arrayContaining(['progress', 'end']));
  expect(events).toEqual(['the sink has closed', 'the viewer has closed']);
  expect(page).toContain('<h2>the sink has closed</h2>');
  await context.dispose();
});

test('a point group that the data contradict is merged with a warning and the exit code of doubtful data', {
  tags: 'all',
}, async () => {
  const { bytes } = simulateStream({ crystals: 60, symmetry: '4/m', parameters: [24, 24, 20, 90, 90, 90] });
  writeFileSync(join(folder, 'low.stream'), bytes);
  const high = await merge('low.stream -y 4/mmm -m mean --no-polarisation -o high.hkl');
  expect(high.code).toBe(1);
  expect(high.err).toMatch(/contradict the point group 4\/mmm.*\n.*warning: the merge is doubtful/);
  expect(readdirSync(folder)).toContain('high.hkl');
  const low = await merge('low.stream -y 4/m -m mean --no-polarisation -o low.hkl --json');
  expect([low.code, low.err]).toEqual([0, '']);
  expect(JSON.parse(low.out).isDoubtful).toBe(false);
});

test('too few crystals for halves to compare are merged with a warning and the exit code of doubtful data', async () => {
  const { bytes } = simulateStream({ crystals: 2, symmetry: '-1', parameters: [24, 27, 20, 90, 90, 90] });
  writeFileSync(join(folder, 'two.stream'), bytes);
  const { code, err } = await merge('two.stream -y -1 -m mean --no-polarisation --min-measurements=1 -o two.hkl');
  expect([code, err]).toEqual([1, expect.stringMatching(/have \d reflections? in common.*\n.*merge is doubtful/)]);
  expect(readdirSync(folder)).toContain('two.hkl');
});

test('a doubled cell is merged with a remark and the code of doubtful data, in JSON and report as well', {
  tags: 'all',
}, async () => {
  const simulation = { crystals: 60, symmetry: 'mmm', parameters: [50, 32, 38, 90, 90, 90] } as const;
  const { bytes } = simulateStream({ ...simulation, factor: ([h]) => (h % 2 === 0 ? 1 : 0) });
  writeFileSync(join(folder, 'doubled.stream'), bytes);
  const { code, err } = await merge('doubled.stream -y mmm --no-polarisation -o doubled.hkl --html doubled.html');
  expect([code, err]).toEqual([1, expect.stringMatching(/have no intensity.*\n.*warning: the merge is doubtful/)]);
  expect(readFileSync(join(folder, 'doubled.html'), 'utf8')).toContain('1/2 of the volume');
  const { out } = await merge('doubled.stream -y mmm --no-polarisation -o again.hkl --json');
  const { multiple, cells, isDoubtful } = JSON.parse(out);
  expect([multiple.factor, cells.populations.length, isDoubtful]).toEqual([2, 1, true]);
});

test('a centring whose absences have intensities is said, and one whose absences have none is not', async () => {
  const simulation = { crystals: 30, symmetry: 'mmm', parameters: [20, 22, 25, 90, 90, 90] } as const;
  const lines = ['a = 20 A', 'b = 22 A', 'c = 25 A', 'al = 90 deg', 'be = 90 deg', 'ga = 90 deg'];
  const head = 'CrystFEL unit cell file version 1.0\n\nlattice_type = orthorhombic\ncentering = I\n';
  writeFileSync(join(folder, 'body.cell'), `${head}${lines.join('\n')}\n`);
  const even = ([h, k, l]: readonly [number, number, number]): number => ((h + k + l) % 2 === 0 ? 1 : 0);
  for (const [name, factor] of [
    ['primitive', () => 1],
    ['body', even],
  ] as const)
    writeFileSync(join(folder, `${name}.stream`), simulateStream({ ...simulation, factor }).bytes);
  const flags = '-y mmm -m mean --no-polarisation --min-measurements=1 -p body.cell';
  const wrong = await merge(`primitive.stream ${flags} -o primitive.hkl`);
  expect([wrong.code, wrong.err]).toEqual([
    1,
    expect.stringMatching(/centring I forbids \d+ of \d+ reflections, which have intensities: their mean\s+I\/sigma/),
  ]);
  const right = await merge(`body.stream ${flags} -o body.hkl`);
  expect(right.err).not.toContain('forbids');
});

test('the centring of crystals is not lost by a cell without a word about it', { tags: 'all' }, async () => {
  const parameters = [20, 22, 25, 90, 90, 90] as const;
  const { text: of } = simulateStream({ crystals: 30, symmetry: 'mmm', parameters, centring: 'I' });
  writeFileSync(join(folder, 'body-centred.stream'), of);
  const head = /----- Begin unit cell -----.*?----- End unit cell -----\n/s;
  expect(of).toMatch(head);
  writeFileSync(join(folder, 'headless.stream'), of.replace(head, ''));
  const flags = '-y mmm -m mean --no-polarisation --min-measurements=1 --json -o centred.hkl --force';
  const completeness = async (words: string) => {
    const { code, out } = await merge(`${words} ${flags}`);
    const { centring, statistics, remarks } = JSON.parse(out);
    return { code, said: remarks.join(' '), centring, share: statistics.overall.completeness as number };
  };
  const right = await completeness('body-centred.stream');
  expect(right).toMatchObject({ code: 0, centring: 'I' });
  // Half of the reflections of a primitive cell were missing, and the space group was P.
  const typed = await completeness('body-centred.stream -p 20,22,25,90,90,90');
  expect(typed).toMatchObject({ code: 0, centring: 'I', share: right.share });
  expect(typed.said).toContain('the streams were indexed with I, and hold no reflection that it forbids');
  const unstated = await completeness('headless.stream');
  expect(unstated).toMatchObject({ code: 1, centring: 'P' });
  expect(unstated.said).toMatch(/None of \d+ reflections is one that the centring I forbids, .* Give it with the cell/);
});

test('the list of a merge is a reference for the same crystals, also with shells of noise at its end', {
  tags: 'all',
}, async () => {
  const parameters = [40, 44, 50, 90, 90, 90] as const;
  // At the edge, e^-20 of the intensity is left.
  const { bytes } = simulateStream({ crystals: 20, symmetry: 'mmm', parameters, overallB: 250 });
  writeFileSync(join(folder, 'edge.stream'), bytes);
  const flags = 'edge.stream -y mmm --no-polarisation -o edge.hkl';
  expect((await merge(flags)).code).toBe(0);
  const { code, err } = await merge(`${flags.replace('edge.hkl', 'again-edge.hkl')} --reference edge.hkl`);
  expect(code, err).toBe(0);
  expect(err).not.toContain('correlates');
});

test('states of shards are merged to the files of the whole stream', { tags: 'all' }, async () => {
  const [head = '', ...chunks] = text.split(/(?=----- Begin chunk -----)/);
  for (const [name, part] of [
    ['s1', chunks.slice(0, 9)],
    ['s2', chunks.slice(9)],
  ] as const) {
    writeFileSync(join(folder, `${name}.stream`), head + part.join(''));
    const { code, out, err } = await merge(`${name}.stream -y mmm --no-polarisation --state ${name}.state`);
    expect([code, out], err).toEqual([0, '']);
    expect(err).toMatch(/crystals, \d+ observations in s\d.state/);
  }
  expect((await merge('s1.state s2.state -y mmm -n 1 --no-polarisation -o joined.hkl --force')).code).toBe(0);
  const joined = readFileSync(join(folder, 'joined.hkl'), 'utf8');
  expect((await merge('a.stream -y mmm -n 1 --no-polarisation -o joined.hkl --force')).code).toBe(0);
  expect(readFileSync(join(folder, 'joined.hkl'), 'utf8')).toBe(joined);
  const { code, err } = await merge('s1.state -y mmm -o never.hkl');
  expect(code).not.toBe(0);
  expect(err).toMatch(/s1.state was collected with --polarisation none, this merge has auto/);
  expect(readdirSync(folder)).not.toContain('never.hkl');
});

test.each([
  ['a.stream -y 4/mmm -o b.hkl', /does not have the symmetry 4\/mmm/],
  ['a.stream a.stream.gz -y mmm -o b.hkl', /20 of the 20 crystals of a.stream.gz were there before/],
  [
    'a.stream -y mmm --space-group P41212 --mtz b.mtz',
    /P 41 21 2 has the point group 422 .* the reflections are in mmm, with the centring P/,
  ],
  ['a.stream -y mmm --space-group Pmmx --mtz b.mtz', /"Pmmx"; .*International Tables A/],
  ['a.stream -y mmm --min-measurements 900 -o b.hkl', /no reflection was observed 900 times/],
  ['a.stream -y mmm --backend cuda -o b.hkl', /--backend is "cuda"/],
  ['a.stream -y mmm --polarisation left -o b.hkl', /polarisation is "left"; expected auto, horiz/],
  ['absent.stream -y mmm -o b.hkl', /absent.stream/],
  [
    'a.stream -y P212121 -o b.hkl',
    /^ewald: -y is "P212121", a space group; expected its point group 222, or mmm if .*; --space-group P212121 is what files/,
  ],
  ['a.stream -y mmm -o b.mtz', /b.mtz is named like an MTZ file, .* --mtz b.mtz writes an MTZ file of the merge/],
  ['a.stream -y mmm --mtz b.hkl', /b.hkl ends in .hkl, another format; expected .mtz/],
  ['a.stream -y mmm -o b.hkl.zst', /b.hkl.zst is named like a compressed file, .* write b.hkl and compress it/],
  ['a.stream.xz -y mmm -o b.hkl', /a.stream.xz is compressed by xz, and merging reads gzip .*: xz -d/],
  ['a.stream -y mmm -o b.hkl -n 200', /^ewald: -n is "200"; expected an integer from 0 to 100/],
  ['a.stream -y mmm -o b.hkl --lowres 2 --highres=3', /^ewald: --lowres is 2 and --highres 3 angstrom; the first is/],
  ['a.stream -y mmm -o b.hkl --model mean -n 3', /^ewald: -n belongs to gaussian, xsphere and unity; the model mean/],
  ['a.stream -y mmm -o b.hkl --no-ambiguity --seed 3', /^ewald: --seed belongs to resolving the ambiguity; it is not/],
])('%s is refused, and nothing is written', async (words, message) => {
  const before = readdirSync(folder).sort();
  const { code, err } = await merge(words);
  expect(code).not.toBe(0);
  expect(err).toMatch(message);
  expect(readdirSync(folder).sort()).toEqual(before);
});

test('a stream that is given twice is remarked on and counted once', async () => {
  const { code, out, err } = await merge('a.stream a.stream ./a.stream -y mmm -n 1 --no-polarisation --json');
  expect(code, err).toBe(0);
  expect(err).toContain('a.stream is given twice; it is read once');
  expect(err).toContain('./a.stream, which is a.stream, is given twice; it is read once');
  expect(JSON.parse(out).counts.frames).toBe(20);
});

test('a point group that MTZ files lack does not cost the lists', { tags: 'all' }, async () => {
  const rhombohedral = simulateStream({ crystals: 20, symmetry: '3_R', parameters: [24, 24, 24, 75, 75, 75] });
  writeFileSync(join(folder, 'rh.stream'), rhombohedral.text);
  const { code, err } = await merge('rh.stream -y 3_R -n 2 -o rh.hkl --mtz rh.mtz --no-polarisation');
  expect(err).toContain('no space group has 3_R with the centring P, but with R');
  expect(code).toBe(2);
  expect(readdirSync(folder).filter((name) => name.startsWith('rh.'))).toEqual([
    'rh.hkl',
    'rh.hkl1',
    'rh.hkl2',
    'rh.stream',
  ]);
});
