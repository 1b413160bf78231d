/**
 * The flags of CrystFEL 0.12's programs, and what ewald does with each. The check of pasted commands, a section of
 * docs/crystfel.md and a test read this table.
 */
import { EwaldError } from '../util/errors.js';
import { refuseElsewhere } from './crystfel-lists.js';
import type { CrystfelFlag, Parameter } from './parameters.js';

export type CrystfelProgram = CrystfelFlag['program'];

/**
 * `same`: the flag of ewald has its name and meaning. `other`: ewald has it with another name, default or meaning.
 * `ignored`: ewald does not need it, and its result is not worse without it. `refused`: the result would be another.
 */
type CrystfelState = 'same' | 'other' | 'ignored' | 'refused';

/** A flag of a program of CrystFEL. */
interface CrystfelRow {
  readonly program: CrystfelProgram;
  /** Its names; the first one is the long one where there is one. */
  readonly flags: readonly string[];
  readonly takesValue: boolean;
  readonly state: CrystfelState;
  /** The flag of ewald with another name. */
  readonly ours?: string | undefined;
  /** What differs, why it is not needed, or what to write instead. */
  readonly note: string;
}

/** The parameter of commands that take pasted command lines. */
export const compatRow = {
  kind: 'choice',
  sentence: 'takes a pasted command line of these programs: flags that it can do without are ignored with one warning',
  choices: ['crystfel'],
  group: 'input',
  common: true,
  neutral: true,
} as const satisfies Parameter;

/** Names (with `=` where a value follows), state, note, and the flag of ewald where it has another name. */
type Line = readonly [flags: string, state: CrystfelState, note?: string, ours?: string];

const finder9 = 'it belongs to peakfinder9, which ewald does not have';
const asOther = 'its default differs: ewald help NAME';
const indexer = 'it belongs to an indexing method that ewald does not have; --method fast, turbo or exhaustive';
const once = 'a former name';
const spelling = 'another spelling';
const pixels = 'peaks are compared with their ring and their local background';
const rule = 'lattices are judged against chance; --accept-by crystfel applies this rule';
const histogram = '--unmerged writes all observations of each reflection';
const logs = 'no logs are written; --assignments writes the parameters of each crystal';
const counts = 'it counts crystals that are not merged as well';
const everyFigure = 'all figures are printed';
const shellsPrinted =
  'no file of shells is written: they are printed, and --json has them; leave the flag out, and write > FILE behind the command';
const cutoff =
  'no reflection is left out by its sigma or its sign, which biases every figure; leave the flag out, and limit the resolution ' +
  'with --highres where there is no signal';
const noNoise =
  'no noise is added to a list; ewald simulate frames, then index and merge, gives intensities with errors';
const forced = 'it is that of the stream, or fitted for each crystal';
const inverse = 'its 1/d in 1/m is converted to d in angstrom';

const lines: Readonly<Record<CrystfelProgram, readonly Line[]>> = {
  indexamajig: [
    ['--input=, -i=', 'same'],
    ['--output=, -o=', 'same'],
    ['--geometry=, -g=', 'same'],
    ['--prefix=, -x=', 'same'],
    ['-j=', 'other', asOther],
    ['-p=', 'same', 'without it the cell is determined from the frames'],
    ['--pdb=', 'other', '', '--cell'],
    ['--zmq-input=', 'same'],
    ['--zmq-subscribe=', 'same'],
    ['--zmq-request=', 'same'],
    ['--no-data-timeout=', 'same'],
    ['--highres=', 'same'],
    ['--profile', 'same'],
    ['--peaks=', 'other', `for peakfinder9 use peakfinder8, zaef or dispersion; ${asOther}`],
    ['--peak-radius=', 'same'],
    ['--min-peaks=', 'other', asOther],
    ['--threshold=', 'other', 'tuned on the first frames if it is not given'],
    ['--min-squared-gradient=', 'same'],
    ['--min-sq-gradient=', 'other', '', '--min-squared-gradient'],
    ['--min-gradient=', 'other', '', '--min-squared-gradient'],
    ['--min-snr=', 'same'],
    ['--min-pix-count=', 'same'],
    ['--max-pix-count=', 'same'],
    ['--local-bg-radius=', 'same'],
    ['--min-res=', 'same'],
    ['--max-res=', 'other', asOther],
    ['--use-saturated', 'ignored', 'it is the default'],
    ['--no-use-saturated', 'same'],
    ['--no-revalidate', 'same'],
    ['--no-half-pixel-shift', 'same'],
    ['--tolerance=', 'other', 'used with --accept-by crystfel alone; lattices are judged against chance'],
    ['--multi', 'same'],
    ['--mille', 'same'],
    ['--mille-file=', 'same'],
    ['--max-mille-level=', 'same'],
    ['--integration=', 'other', 'prof2d is refused'],
    ['--fix-profile-radius=', 'same'],
    ['--int-radius=', 'other', asOther],
    ['--push-res=', 'same'],
    ['--overpredict', 'same'],
    ['--cell-parameters-only', 'other', '--no-integrate omits reflections', '--no-integrate'],
    ['--no-non-hits-in-stream', 'same'],
    ['--copy-header=', 'same'],
    ['--copy-hdf5-field=', 'other', once, '--copy-header'],
    ['--no-peaks-in-stream', 'same'],
    ['--no-refls-in-stream', 'same'],
    ['--serial-offset=', 'other', '', '--serial-start'],
    [
      '--indexing=',
      'ignored',
      'frames are indexed by --method fast, turbo or exhaustive; none and file are refused: -p none finds peaks alone, ' +
        '--orientations FILE takes orientations',
    ],
    ['--wait-for-file=', 'ignored', 'files have to be there; --follow waits for files and frames'],
    ['--data-format=', 'ignored', 'the format of a file or a message is found by looking at it'],
    ['--temp-dir=', 'ignored', 'only the stream is written'],
    ['--cpu-pin', 'ignored', 'the system places the workers'],
    ['--no-check-prefix', 'ignored', '-x is put before each name as it is given, as with this flag'],
    ['--no-check-peaks', 'ignored', 'lattices are judged against chance; --accept sets another limit'],
    ['--check-peaks', 'ignored', rule],
    ['--check-cell', 'ignored', rule],
    ['--no-cell-combinations', 'ignored', 'the known cell guides the search'],
    ['--no-multi', 'ignored', 'without --multi only one lattice is searched for'],
    ['--no-retry', 'ignored', 'weak peaks are down-weighted, not removed in a second attempt'],
    ['--retry', 'ignored', 'weak peaks are down-weighted, not removed in a second attempt'],
    ['--no-refine', 'ignored', 'crystals are always refined; --metric held keeps the known lengths and angles'],
    ['--max-indexer-threads=', 'ignored', 'set the number of workers with -j'],
    ['--wavelength-estimate=', 'ignored', 'the wavelength comes from the geometry or the file'],
    ['--camera-length-estimate=', 'ignored', 'the distance comes from the geometry'],
    ['--peakfinder8-fast', 'ignored', 'ring statistics are always fast and exact'],
    ['--min-snr-biggest-pix=', 'ignored', finder9],
    ['--min-snr-peak-pix=', 'ignored', finder9],
    ['--min-sig=', 'ignored', finder9],
    ['--min-peak-over-neighbour=', 'ignored', finder9],
    ['--int-diag=', 'ignored', '--json prints all results of a frame'],
    ['--harvest-file=', 'ignored', '--json prints all results of a frame'],
    ['--xgandalf-fast-execution', 'ignored', indexer],
    ['--xgandalf-no-deviation-from-provided-cell', 'ignored', '--metric held keeps the known lengths and angles'],
    ['--xgandalf-*=', 'ignored', indexer],
    ['--pinkIndexer-*=', 'ignored', indexer],
    ['--pinkindexer-*=', 'ignored', indexer],
    ['--taketwo-*=', 'ignored', indexer],
    ['--felix-*=', 'ignored', indexer],
    ['--asdf-fast', 'ignored', indexer],
    ['--smallcell-*=', 'ignored', indexer],
    ['--ffbidx-*=', 'ignored', 'flags of the fast indexer have no prefix in ewald: --max-spots, --method, --accept'],
    [
      '--fromfile-input-file=',
      'other',
      'its crystals are fitted and judged by chance; --as-they-are keeps them',
      '--orientations',
    ],
    ['--fromfile-*=', 'refused', '--orientations takes a stream or a .sol file; --sol writes one'],
    ['--asapo-*=', 'refused', 'frames are read from files or received by ZeroMQ: --zmq-input'],
    ['--basename', 'refused', 'give the full paths of the files, or use -x'],
    ['--no-image-data', 'refused', '--peaks cxi or msgpack with --no-integrate only requires peaks'],
    ['--median-filter=', 'refused', pixels],
    ['--filter-noise', 'refused', pixels],
    ['--check-hdf5-snr', 'refused', 'peaks are found in the frames, or taken as they are listed'],
    ['--pixelfinder=', 'refused', 'peaks are found by --peaks peakfinder8, zaef or dispersion'],
    ['--no-check-cell', 'refused', 'the known cell guides the search; -p selects another cell'],
    ['--no-mask-data', 'refused', 'masks of the geometry are always read; omit its mask lines'],
    ['--spectrum-file=', 'refused', 'the bandwidth of the geometry is taken'],
    ['--spectrum=', 'refused', 'the bandwidth of the geometry is taken'],
    ['--fix-bandwidth=', 'refused', 'the bandwidth of the geometry is taken'],
    ['--fix-divergence=', 'refused', 'the divergence is taken as none'],
    ['--profile-radius=', 'refused', 'use --fix-profile-radius'],
    ['--mille-dir=', 'refused', 'all workers write into one file: --mille-file'],
    ['--event-list=', 'refused', '-i takes a list with lines "file //3"'],
    [
      '--symmetry=, -y=',
      'refused',
      'a flag of merging: ewald merge run.stream -y GROUP; --merge GROUP merges as it goes',
    ],
  ],
  partialator: [
    ['--input=, -i=', 'other', 'streams are given without a flag: ewald merge a.stream b.stream -y 4/mmm', ''],
    ['--output=, -o=', 'same'],
    ['--symmetry=, -y=', 'same', 'with --compat, its default is 1'],
    ['--iterations=, -n=', 'same', 'they end when the merge has converged'],
    ['--model=, -m=', 'other', asOther],
    ['-j=', 'same'],
    ['--min-measurements=', 'same'],
    ['--no-polarisation', 'same'],
    ['--no-polarization', 'other', spelling, '--no-polarisation'],
    ['--polarisation=', 'other', asOther],
    ['--polarization=', 'other', spelling, '--polarisation'],
    ['--max-adu=', 'same'],
    ['--push-res=', 'same'],
    ['--res-push=', 'other', once, '--push-res'],
    ['--custom-split=', 'same'],
    ['--reference=', 'other', 'it determines the setting, and is compared with; crystals are not scaled to it'],
    ['--start-params=', 'refused', 'scales and relative B are fitted from the observations'],
    ['--operator=, -w=', 'same', 'without it every ambiguity that the cell allows is resolved'],
    ['--no-deltacchalf', 'ignored', 'crystals are not rejected by CC1/2; deviating observations have less weight'],
    ['--no-free', 'ignored', 'each crystal is fitted to the merge of all others'],
    ['--max-rel-B=, --max-rel-b=', 'ignored', 'a prior keeps relative B factors small; --assignments writes them'],
    ['--no-logs', 'ignored', logs],
    ['--log-folder=', 'ignored', logs],
    ['--harvest-file=', 'ignored', '--json prints all parameters, --assignments those of each crystal'],
    ['--output-every-cycle', 'ignored', 'only the last cycle is written; -n sets the largest number of cycles'],
    ['--no-scale', 'refused', 'with --model unity it is --model mean, which has neither scales nor partialities'],
    ['--no-Bscale', 'refused', 'scale and relative B are fitted together; --model mean merges without them'],
    ['--no-pr', 'refused', '--model unity fits scales without partialities and orientations'],
    ['--start-after=', 'other', counts],
    ['--stop-after=', 'same'],
    ['--min-res=', 'same'],
    ['--force-bandwidth=', 'refused', forced],
    ['--force-radius=', 'refused', forced],
    ['--force-lambda=', 'refused', forced],
  ],
  process_hkl: [
    ['--input=, -i=', 'other', 'streams are given without a flag: ewald merge a.stream -y 4/mmm --model mean', ''],
    ['--output=, -o=', 'same'],
    ['--symmetry=, -y=', 'same'],
    ['--no-polarisation', 'same'],
    ['--no-polarization', 'other', spelling, '--no-polarisation'],
    ['--polarisation=', 'other', asOther],
    ['--polarization=', 'other', spelling, '--polarisation'],
    ['--min-measurements=', 'same'],
    ['--min-snr=', 'same'],
    ['--max-adu=', 'same'],
    ['--push-res=', 'same'],
    ['--res-push=', 'other', once, '--push-res'],
    ['--scale', 'ignored', 'behind process_hkl it selects --model unity, which scales; without it --model is mean'],
    ['--stat=', 'ignored', '--assignments writes the scale of each crystal'],
    ['--odd-only', 'refused', '-o writes the two halves of the crystals as well'],
    ['--even-only', 'refused', '-o writes the two halves of the crystals as well'],
    ['--start-after=', 'other', counts],
    ['-s=', 'other', spelling, '--start-after'],
    ['--stop-after=', 'same'],
    ['-f=', 'other', spelling, '--stop-after'],
    ['--min-res=', 'same'],
    ['--min-cc=', 'same', 'a crystal is compared with the mean of the others'],
    ['--histogram=, -g=', 'refused', histogram],
    ['--hist-parameters=, -z=', 'refused', histogram],
  ],
  compare_hkl: [
    ['--symmetry=, -y=', 'same'],
    ['-p=', 'same'],
    ['--pdb=', 'other', '', '--cell'],
    ['--nshells=', 'same'],
    ['--lowres=', 'same'],
    ['--highres=', 'same'],
    ['--rmin=', 'other', inverse, '--lowres'],
    ['--rmax=', 'other', inverse, '--highres'],
    ['--fom=', 'ignored', everyFigure],
    ['--shell-file=', 'refused', shellsPrinted],
    ['-u', 'other', '', '--no-scale'],
    ['--sigma-cutoff=', 'refused', cutoff],
    ['--ignore-negs', 'refused', cutoff],
    ['--zero-negs', 'refused', cutoff],
    ['--min-measurements=', 'refused', 'ewald merge --min-measurements leaves reflections out'],
    ['--intensity-shells', 'refused', 'shells are those of resolution'],
  ],
  check_hkl: [
    ['--symmetry=, -y=', 'same'],
    ['-p=', 'same'],
    ['--pdb=', 'other', '', '--cell'],
    ['--nshells=', 'same'],
    ['--lowres=', 'other', 'of the shells alone; the tests take all reflections'],
    ['--highres=', 'other', 'of the shells alone; the tests take all reflections'],
    ['--rmin=', 'other', inverse, '--lowres'],
    ['--rmax=', 'other', inverse, '--highres'],
    ['--wilson', 'ignored', everyFigure],
    ['--ltest', 'ignored', everyFigure],
    ['--shell-file=', 'refused', shellsPrinted],
    ['--sigma-cutoff=', 'refused', cutoff],
    ['--ignore-negs', 'refused', cutoff],
    ['--zero-negs', 'refused', cutoff],
  ],
  get_hkl: [
    ['--input=, -i=', 'other', 'the list is given without a flag: ewald reflections convert a.hkl -o b.hkl', ''],
    ['--output=, -o=', 'same', 'its form follows from its name: .hkl, .mtz, .cif, .xds, .shelx'],
    ['--symmetry=, -y=', 'same'],
    ['-p=', 'same', 'needed for limits of resolution and files other than .hkl, unless the list states its cell'],
    ['--pdb=', 'other', '', '--cell'],
    ['--twin=', 'same', 'a reflection without a partner is left out, and counted'],
    ['-w=', 'other', '', '--twin'],
    ['--expand=', 'same'],
    ['-e=', 'other', '', '--expand'],
    ['--reindex=', 'same', 'the result is in the same asymmetric unit'],
    ['--highres=', 'same'],
    ['--lowres=', 'same'],
    ['--rmin=', 'other', inverse, '--lowres'],
    ['--rmax=', 'other', inverse, '--highres'],
    ['--space-group=', 'same'],
    [
      '--output-format=',
      'refused',
      'the form follows from the name: write -o run.mtz, run.xds or run.hkl in its place',
    ],
    ['--no-need-all-parts', 'refused', 'a twin has the mean of all of its parts'],
    ['--trim-centrics', 'refused', 'centric reflections stay'],
    ['--template=', 'refused', 'the list keeps its own reflections'],
    ['--multiplicity', 'refused', 'intensities are those of one reflection'],
    ['--poisson', 'refused', noNoise],
    ['--noise', 'refused', noNoise],
    ['--adu-per-photon=', 'refused', noNoise],
    ['--cutoff-angstroms=', 'refused', 'limits are those of resolution: --highres, --lowres'],
  ],
  cell_tool: [
    ['-p=', 'other', 'the cell is given without a flag: ewald cell rings a.cell', ''],
    ['--pdb=', 'other', 'the cell is given without a flag', ''],
    ['--output=, -o=', 'same', 'of ewald cell transform'],
    ['-y=', 'same', 'of ewald cell ambiguities'],
    ['--compare-cell=', 'other', 'ewald cell compare a.cell b.cell', ''],
    ['--transform=', 'other', 'ewald cell transform a.cell b,c,a', ''],
    ['--rings', 'other', 'ewald cell rings a.cell', ''],
    ['--find-ambi', 'other', 'ewald cell ambiguities a.cell -y 4/m', ''],
    ['--highres=', 'same', 'of ewald cell rings'],
    ['--tolerance=', 'other', 'one for the edges and one for the angles', '--length-tolerance'],
    ['--uncenter', 'refused', 'ewald cell transform a.cell 1/2a-1/2b,1/2a+1/2b,c is a primitive cell of a C lattice'],
    ['--cell-choices', 'refused', 'ewald cell transform writes the cell with the axes that are given'],
  ],
  ambigator: [
    ['--symmetry=, -y=', 'same', 'ewald merge resolves the ambiguity while it merges'],
    ['-j=', 'same'],
    ['--output=, -o=', 'refused', 'the settings are used in the merge; --assignments writes them'],
    ['--operator=, -w=', 'same', 'without it every ambiguity that the cell allows is resolved'],
    ['--iterations=, -n=', 'ignored', 'it ends when no crystal changes; --starts sets the number of random starts'],
    ['--ncorr=', 'ignored', 'each crystal is compared with the merge of all others'],
    ['--highres=', 'same', 'it limits the merge as well'],
    ['--lowres=', 'same', 'it limits the merge as well'],
    ['--start-assignments=', 'refused', '--reference determines the setting'],
    ['--end-assignments=', 'other', 'with the log-odds of each crystal', '--assignments'],
    ['--fg-graph=', 'refused', '--assignments writes the log-odds of each crystal'],
    ['--really-random', 'other', 'a number, so that a run can be repeated', '--seed'],
    ['--corr-matrix=', 'refused', 'no matrix of correlations is made'],
  ],
};

/** The programs whose flags the table has. */
export const crystfelPrograms = Object.keys(lines) as CrystfelProgram[];

/** All flags, by program. */
export const crystfelFlags: readonly CrystfelRow[] = Object.entries(lines).flatMap(([program, all]) =>
  all.map(([names, state, note = '', ours]) => ({
    program: program as CrystfelProgram,
    flags: names.split(', ').map((name) => name.replace('=', '')),
    takesValue: names.includes('='),
    state,
    ours,
    note: note.replace('NAME', names.split(', ')[0]?.replace(/^--(?=\w)|=$/g, '') ?? ''),
  })),
);

const isNamed = (row: CrystfelRow, name: string): boolean =>
  row.flags.some((flag) => (flag.endsWith('*') ? name.startsWith(flag.slice(0, -1)) : name === flag));

/** What CrystFEL's programs have in place of a flag of ewald, by the names of that flag; undefined without any. */
export function crystfelCounterpart(
  names: readonly string[],
  programs: readonly CrystfelProgram[],
): string | undefined {
  const row = crystfelFlags.find(
    ({ program, flags, state, ours }) =>
      programs.includes(program) &&
      (state === 'same' || state === 'other') &&
      names.some((name) => (ours === undefined ? flags.includes(name) : ours === name)),
  );
  return row && `${row.flags[0]} of ${row.program}${row.note === '' ? '' : `: ${row.note}`}`;
}

/** What ewald does with a flag that only CrystFEL's programs have, a line a program. */
export const explainedFlags = (name: string): readonly string[] =>
  crystfelFlags
    .filter((row) => row.flags.some((flag) => flag.replace(/^--?/, '') === name.replace(/^--?/, '')))
    .map(({ flags, program, state, ours, note }) =>
      [`${flags[0]} of CrystFEL's ${program} is ${states[state]}`, ours && `write ${ours}`, note]
        .filter(Boolean)
        .join('; '),
    );

const states: Readonly<Record<CrystfelState, string>> = {
  same: 'the same in ewald',
  other: 'another in ewald',
  ignored: 'not needed, and omitted by --compat crystfel',
  refused: 'refused',
};

/** Whether a command of ewald reads the row as it is. */
const isOurs = ({ state, ours }: CrystfelRow): boolean => state === 'same' || (state === 'other' && ours === undefined);

const family: Readonly<Partial<Record<CrystfelProgram, string>>> = {
  indexamajig: "CrystFEL's indexamajig",
  partialator: "CrystFEL's merging programs",
  process_hkl: "CrystFEL's merging programs",
};

/** Limits of 1/d in 1/m, those of d from 0.1 Å to 0.1 mm. */
const inverseLimits = [1e4, 1e11] as const;

/** Values that ewald takes in another form, by flag: a resolution 1/d in 1/m is d in angstrom. Throws `Argument`. */
function converted(name: string, value: string): string {
  if (!/^--rm(in|ax)$/.test(name)) return value;
  const [least, most] = inverseLimits;
  if (Number(value) >= least && Number(value) <= most) return String(1e10 / Number(value));
  throw new EwaldError(
    'Argument',
    `${name} is "${value.slice(0, 40)}"; expected 1/d in 1/m, from ${least} to ${most}, such as 5e8 for 20 angstrom`,
  );
}

/** Flags of ewald by those of CrystFEL that were typed for them. */
type Renamed = ReadonlyMap<string, string>;

/** An error that names flags as they were typed, where a pasted line had others. */
export function asPasted(error: unknown, renamed: Renamed): unknown {
  if (!(error instanceof EwaldError)) return error;
  let { message } = error;
  for (const [ours, typed] of renamed)
    message = message.replace(new RegExp(`(?<![\\w-])${ours}(?![\\w-])`, 'g'), `${typed} (here ${ours})`);
  return message === error.message ? error : new EwaldError(error.tag, message, { cause: error, detail: error.detail });
}

/** A pasted command line in the words of ewald, and what was omitted or renamed. */
interface Ported {
  readonly words: readonly string[];
  readonly notes: readonly string[];
  readonly renamed: Renamed;
}

/**
 * A command line with flags of CrystFEL's programs. With `isPasted`, flags that ewald does not need are omitted and
 * others renamed; without it, they are refused as well. Throws `Unsupported` with what to write instead.
 */
export function fromCrystfelFlags(
  words: readonly string[],
  programs: readonly CrystfelProgram[],
  isPasted: boolean,
): Ported {
  const kept: string[] = [];
  const notes = new Set<string>();
  const renamed = new Map<string, string>();
  const end = words.includes('--') ? words.indexOf('--') : words.length;
  // A command line is pasted with the name of its program, which follows the command and --compat crystfel.
  const start = words.findIndex((word, i) => i > 0 && !/^(--compat(=crystfel)?|crystfel)$/.test(word));
  if (isPasted && start > 0) refuseElsewhere(words[start] as string, programs);
  const isMerge = isPasted && programs.includes('partialator');
  const without = isMerge ? withoutScales(words, notes) : new Set<string>();
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    if (without.has(word)) continue;
    if (isPasted && i === start && programs.some((program) => word.replace(/^.*\//, '') === program)) {
      if (word.endsWith('process_hkl')) kept.push(...modelOfMean(words, notes));
      continue;
    }
    const row = i < end ? crystfelRow(word, programs) : undefined;
    if (row === undefined) {
      kept.push(word);
      continue;
    }
    const [, name = word, attached] = /^(--[^=]+)(?:=(.*))?$/s.exec(word) ?? /^(-\w)(.+)?$/s.exec(word) ?? [];
    const value = row.takesValue ? (attached ?? words[++i]) : undefined;
    // The file of orientations, which another flag names, says that there is no search.
    const isOfFile = isPasted && value === 'file' && words.some((one) => one.startsWith('--fromfile-input-file'));
    const isElsewhere = !isOfFile && (otherValues[name]?.test(value ?? '') ?? false);
    if (isElsewhere || (!isOurs(row) && (!isPasted || row.state === 'refused'))) refuse(row, name, value, isElsewhere);
    if (isOfFile && name === '--indexing')
      notes.add('--indexing=file is left out: --orientations says that there is no search');
    else if (isOurs(row)) kept.push(...asWritten(word, attached, value, isPasted));
    else if (row.state === 'ignored') notes.add(`${name} is omitted: ${row.note}`);
    else {
      if (row.ours && !words.includes(row.ours)) renamed.set(row.ours, name);
      kept.push(...[row.ours ?? '', converted(name, value ?? '')].filter((one) => one !== ''));
    }
  }
  if (without.size > 0) kept.splice(Math.max(1, start), 0, '--model', 'mean');
  if (isMerge && words.length > 0 && !words.some((word) => /^(-y|--symmetry\b|-h$|--help)/.test(word))) {
    notes.add("-y 1 is added: the default of CrystFEL's merging programs, which averages no equivalent reflections");
    kept.splice(Math.max(1, start), 0, '-y', '1');
  }
  return { words: kept, notes: [...notes], renamed };
}

/**
 * The words of a command of partialator that together ask for a plain mean: no scales, and the model unity, which has
 * neither partialities nor orientations to refine. Empty for any other.
 */
function withoutScales(words: readonly string[], notes: Set<string>): Set<string> {
  const joined = words.map((word, i) => (/^(-m|--model)$/.test(word) ? `${word} ${words[i + 1]}` : word));
  const isUnity = joined.some((word) => /^(-m|--model)[ =]?unity$/.test(word));
  if (!isUnity || !words.includes('--no-scale')) return new Set();
  notes.add('--model mean takes the place of --model unity --no-scale, with nothing to scale or refine');
  const model = words.flatMap((word, i) => (/^(-m|--model)$/.test(word) ? [word, words[i + 1] as string] : []));
  return new Set(['--no-scale', '--no-Bscale', '--no-pr', '--model=unity', '-munity', ...model]);
}

/** The model that merges as process_hkl does, unless the command line names one. */
function modelOfMean(words: readonly string[], notes: Set<string>): string[] {
  if (words.some((word) => /^(--model|-m)/.test(word))) return [];
  const model = words.includes('--scale') ? 'unity' : 'mean';
  notes.add(`--model ${model} is added: process_hkl does not fit partialities`);
  return ['--model', model];
}

/** Values that ask for what other indexers and finders give. */
const otherValues: Readonly<Record<string, RegExp>> = { '--indexing': /^(none|file)\b/, '--peaks': /^peakfinder9$/ };

function crystfelRow(word: string, programs: readonly CrystfelProgram[]): CrystfelRow | undefined {
  if (!word.startsWith('-')) return undefined;
  const [name = ''] = word.split('=');
  const rows = crystfelFlags.filter(({ program }) => programs.includes(program));
  const isShort = (row: CrystfelRow): boolean =>
    !word.startsWith('--') && row.takesValue && row.flags.includes(word.slice(0, 2));
  return rows.find((row) => isNamed(row, name)) ?? rows.find(isShort);
}

/** A flag that both have; a pasted command has four tolerances, those of the axes and one of all angles. */
function asWritten(word: string, attached: string | undefined, value: string | undefined, isPasted: boolean): string[] {
  if (isPasted && word.startsWith('--tolerance') && value?.split(',').length === 4)
    return [`--tolerance=${value},${value.split(',')[3]},${value.split(',')[3]}`];
  return attached === undefined && value !== undefined ? [word, value] : [word];
}

function refuse({ program, note, state, ours }: CrystfelRow, name: string, value = '', isValue = false): never {
  const why = isValue ? note.replace(/; its default differs: .*$/, '') : note;
  const instead = [ours && `use ${ours}`, why].filter(Boolean).join(': ');
  const pasted = state === 'refused' || isValue ? '' : '; --compat crystfel takes a pasted command';
  throw new EwaldError(
    'Unsupported',
    `${isValue ? `${name}=${value}` : name} is a flag of ${family[program] ?? `CrystFEL's ${program}`} that ewald ` +
      `does not have: ${instead}${pasted}`,
  );
}

/** The table as Markdown. */
export function crystfelTable(program: CrystfelProgram): string {
  const rows = crystfelFlags.filter((row) => row.program === program);
  const line = ({ flags, state, ours, note }: CrystfelRow): string =>
    `| ${flags.map((flag) => `\`${flag}\``).join(', ')} | ${state} | ${ours ? `\`${ours}\`` : ''} | ${note} |`;
  return ['| flag | state | in ewald | note |', '| --- | --- | --- | --- |', ...rows.map(line)].join('\n');
}
