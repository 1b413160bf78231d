/** The commands. Only what a command needs is loaded: `ewald --version` loads nothing but this file. */

import {
  asPasted,
  type CrystfelProgram,
  type FlagValues,
  fromCrystfelFlags,
  type HelpPage,
  helpRequest,
  namedCommand,
  nearest,
  type Parameters,
} from '../entries/command.node.js';
import { version } from '../entries/index.node.js';
import type { CommandAction, CommandWords } from './command.js';

/** A command: its help loads `words`, and `action` is loaded when its flags have been read. */
const framed =
  <R extends Parameters>(of: {
    readonly words: () => Promise<{ readonly command: CommandWords<R> }>;
    readonly action: () => Promise<CommandAction<FlagValues<R>>>;
  }): Load =>
  async () => {
    const [{ command }, { registerCommand }] = await Promise.all([of.words(), import('./command.js')]);
    return { register: (program, name, deps) => registerCommand(program, name, command, of.action, deps) };
  };

type Commands = Readonly<Record<string, CommandWords<Parameters>>>;
type Actions<C extends Commands> = {
  readonly [Name in keyof C]: () => Promise<CommandAction<FlagValues<C[Name]['rows']>>>;
};

/** A command of several: its help loads the words of all, and the action of one is loaded when its flags were read. */
const family =
  <C extends Commands>(
    words: () => Promise<{ readonly description: string; readonly commands: C }>,
    actions: Actions<C>,
  ): Load =>
  async () => {
    const [{ description, commands }, { registerCommands }] = await Promise.all([words(), import('./command.js')]);
    return {
      register: (program, name, deps) =>
        registerCommands(program.command(name).description(description), commands, actions, deps),
    };
  };

/** A command that takes files, and has others below it: `ewald cell run.h5`, `ewald cell compare a.cell b.cell`. */
const framedFamily =
  <R extends Parameters, C extends Commands>(
    words: () => Promise<{ readonly command: CommandWords<R>; readonly commands: C }>,
    action: () => Promise<CommandAction<FlagValues<R>>>,
    actions: Actions<C>,
  ): Load =>
  async () => {
    const [{ command, commands }, of] = await Promise.all([words(), import('./command.js')]);
    return {
      register: (program, name, deps) =>
        of.registerCommands(of.registerCommand(program, name, command, action, deps), commands, actions, deps),
    };
  };

/** Loads what registers a command. */
type Load = () => Promise<{
  register(program: import('commander').Command, name: string, deps: import('./output.js').CliDeps): void;
}>;

export const commands: Record<
  string,
  {
    summary: string;
    /** What people type; a command with examples lists its options under headings. */
    examples?: HelpPage['examples'];
    /** The programs of CrystFEL whose flags it refuses, or takes with --compat. */
    crystfel?: readonly CrystfelProgram[];
    load: Load;
  }
> = {
  index: {
    summary: 'from detector frames or spot lists to oriented crystal cells',
    examples: [
      ['a known cell: peaks, crystals and reflections', 'ewald index run.h5 -g det.geom -p lyso.cell -o run.stream'],
      ['an unknown cell, and a report with pictures', 'ewald index run.h5 -g det.geom -o run.stream --html run.html'],
      ['peaks alone, printed frame by frame', 'ewald index run.h5 -g det.geom -p none'],
    ],
    crystfel: ['indexamajig'],
    load: framed({ words: () => import('./frame-rows.js'), action: () => import('./index-lists.js') }),
  },
  reduce: {
    summary: 'keep the hits of a run, bit for bit, in one compressed file',
    examples: [
      ['the hits, for ewald, CrystFEL and NeXus', 'ewald reduce run.h5 -g det.geom -o hits.cxi'],
      ['and one blank of a hundred', 'ewald reduce run.h5 -g det.geom --blanks .01 -o hits.cxi'],
      ['for readers without plugins', 'ewald reduce run.h5 -g det.geom --codec gzip -o hits.cxi'],
    ],
    load: framed({ words: () => import('./reduce-rows.js'), action: () => import('./reduce.js') }),
  },
  geometry: {
    summary: 'explain, check and draw a detector geometry',
    load: family(() => import('./geometry-rows.js'), {
      refine: () => import('./geometry-refine.js'),
      check: () => import('./geometry-check.js'),
    }),
  },
  stream: {
    summary: 'join, count and compare CrystFEL streams',
    load: family(() => import('./stream-rows.js'), {
      merge: () => import('./stream-merge.js'),
      info: () => import('./stream-info.js'),
      map: () => import('./stream-map.js'),
      compare: () => import('./stream-compare.js'),
    }),
  },
  merge: {
    summary: 'merge the reflections of stills to structure factors',
    crystfel: ['partialator', 'process_hkl', 'ambigator'],
    examples: [
      ['structure factors, and a report with plots', 'ewald merge run.stream -y 4/mmm -o run.hkl --html run.html'],
      ['several streams, for CCP4 and phenix', 'ewald merge a.stream b.stream -y 4/mmm --mtz run.mtz'],
      ['the point group is not known', 'ewald merge run.stream -y auto --mtz run.mtz'],
    ],
    load: framed({ words: () => import('./merge-rows.js'), action: () => import('./merge.js') }),
  },
  reflections: {
    summary: 'compare, convert and test lists of merged intensities',
    crystfel: ['compare_hkl', 'check_hkl', 'get_hkl'],
    load: family(() => import('./reflections-rows.js'), {
      compare: () => import('./reflections-compare.js'),
      convert: () => import('./reflections-convert.js'),
      check: () => import('./reflections-check.js'),
    }),
  },
  cell: {
    summary: 'determine an unknown cell from the spots of several stills; compare and transform known ones',
    crystfel: ['cell_tool'],
    examples: [
      ['an unknown cell, as a file for ewald index', 'ewald cell run.h5 -g det.geom -o found.cell'],
      ['from spots in 1/nm', 'ewald cell spots/*.txt --unit 1/nm'],
      ['how two known cells are related', 'ewald cell compare a.cell b.cell'],
    ],
    load: framedFamily(
      () => import('./cell-rows.js'),
      () => import('./determine.js'),
      {
        compare: () => import('./cell-compare.js'),
        transform: () => import('./cell-transform.js'),
        rings: () => import('./cell-rings.js'),
        ambiguities: () => import('./cell-ambiguities.js'),
      },
    ),
  },
  info: {
    summary: 'describe files of detector frames, and what they do not state',
    examples: [
      ['one file, or several', 'ewald info scan.mib run.h5'],
      ['numbers without a header', 'ewald info scan.raw --dtype u16 --sig-shape 256,256'],
      ['the values of every tenth frame', 'ewald info run.h5 --frames 0:1000:10'],
    ],
    load: framed({ words: () => import('./info-rows.js'), action: () => import('./info.js') }),
  },
  convert: {
    summary: 'write frames of any format to a .h5, .npy, .raw or .mrc file',
    examples: [
      ['HDF5, compressed', 'ewald convert scan.mib -o scan.h5'],
      ['a folder of images as one array', 'ewald convert images -o stack.npy'],
      ['the first hundred frames', 'ewald convert run_master.h5 --first 100 -o few.h5'],
    ],
    load: framed({ words: () => import('./convert-rows.js'), action: () => import('./convert.js') }),
  },
  run: {
    summary: 'run analyses and your own functions over frames: sums, disks, centres of mass, …',
    examples: [
      ['the centre of mass of each frame', 'ewald run com scan.mib --nav-shape 128,128 -o com.npy'],
      ['several analyses in one pass', 'ewald run sum,stddev scan.mib -o out.h5'],
      ['your function', 'ewald run scan.mib --udf sums.mjs -o sums.npy'],
    ],
    load: framed({ words: () => import('./run-rows.js'), action: () => import('./run.js') }),
  },
  calibrate: {
    summary: 'centre, radius, descan, rotation and bad pixels of a scan, from its frames',
    examples: [
      ['what a scan tells, as a file for ewald run', 'ewald calibrate scan.mib -o scan.cal.json'],
      ['milliradians as well', 'ewald calibrate scan.mib --semiconv 20 --voltage 200'],
      ['the size of a pixel by the rings of gold', 'ewald calibrate gold.mib --rings 0.2355,0.2039,0.1442'],
    ],
    load: framed({ words: () => import('./calibrate-rows.js'), action: () => import('./calibrate.js') }),
  },
  udf: {
    summary: 'start a user-defined function for ewald run, in JavaScript or compiled to WebAssembly',
    load: family(() => import('./udf-rows.js'), {
      new: () => import('./udf-new.js'),
    }),
  },
  fft: {
    summary: 'transform an array of a .npy file',
    load: framed({ words: () => import('./fft-rows.js'), action: () => import('./fft.js') }),
  },
  page: {
    summary: 'open the pages in a browser: the viewer, validation and the guides',
    load: framed({ words: () => import('./page-rows.js'), action: () => import('./page.js') }),
  },
  view: {
    summary: 'look at frames, peaks and crystals in a browser',
    examples: [
      ['frames with their peaks and crystals', 'ewald view run.h5 -g det.geom -p lyso.cell'],
      ['a folder that fills', 'ewald view frames --follow -g det.geom'],
      ['from another computer', 'ewald view run.h5 --host 0.0.0.0 --port 8080'],
    ],
    load: framed({ words: () => import('./view-rows.js'), action: () => import('./view.js') }),
  },
  simulate: {
    summary: 'generate data with known truth',
    load: family(() => import('./simulate-rows.js'), {
      frames: () => import('./simulate-frames.js'),
      scan: () => import('./simulate-scan.js'),
      merlin: () => import('./simulate-merlin.js'),
      dectris: () => import('./simulate-dectris.js'),
      spots: () => import('./simulate-spots.js'),
    }),
  },
  devices: {
    summary: 'which backends this machine has, which one is chosen, and why not the others',
    load: framed({ words: () => import('./devices-rows.js'), action: () => import('./devices.js') }),
  },
  validate: {
    summary: "check this machine's results against the reference",
    load: framed({ words: () => import('./validate-rows.js'), action: () => import('./validate.js') }),
  },
  bench: {
    summary: 'time the same cases, every backend side by side',
    load: framed({ words: () => import('./bench-rows.js'), action: () => import('./bench.js') }),
  },
  worker: {
    summary: 'join a cluster and work for it until Ctrl-C',
    load: framed({ words: () => import('./worker-rows.js'), action: () => import('./worker.js') }),
  },
  cluster: {
    summary: 'list the workers of a cluster and their backends',
    load: framed({ words: () => import('./cluster-rows.js'), action: () => import('./cluster.js') }),
  },
  ffi: {
    summary: 'list, call and type the functions of a C header',
    load: framed({ words: () => import('./ffi-rows.js'), action: () => import('./ffi.js') }),
  },
  pi: {
    summary: 'count pi by Monte Carlo, to the last point the same on every backend',
    load: framed({ words: () => import('./pi-rows.js'), action: () => import('./pi.js') }),
  },
};

/**
 * Runs a command; `interrupted` replaces Ctrl-C, which the process itself listens for otherwise. Sets
 * `process.exitCode`.
 */
export async function runCommand(words: readonly string[], interrupted?: AbortSignal): Promise<void> {
  const { argv, all, asked } = helpRequest(words);
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
    process.stdout.write(`${version}\n`);
    return;
  }
  const [{ CommanderError }, { leaveEnding, Program }, output, { interruptible }, { visibleLines }, help] =
    await Promise.all([
      import('commander'),
      import('./shell-command.js'),
      import('./output.js'),
      import('./of-package.js'),
      import('./visible.js'),
      import('./help.js'),
    ]);
  const [option] = asked;
  if (option !== undefined && Object.hasOwn(commands, option)) return refuseHelp(asked, output);
  const program = new Program('ewald')
    .helpCommand(false)
    .description('From detector frames to crystal cells: CUDA, WebGPU, native and WebAssembly behind one command')
    .version(version, '-V, --version')
    .exitOverride()
    .configureOutput({
      getOutHelpWidth: help.columns,
      outputError: (text, write) => write(visibleLines(text.replace(/^error: /, 'ewald: '))),
    })
    .showHelpAfterError('(ewald --help lists the commands, ewald COMMAND --help the options)')
    .addHelpText(
      'after',
      '\newald COMMAND --help lists the options of a command.\n' +
        'ewald help threshold, or ewald help --cell, explains one option.\n' +
        'EWALD_BACKEND, EWALD_DEVICE and EWALD_LOG_LEVEL can also be set in the environment.\n' +
        'Exit codes: 0 done, 1 done with a doubt or failed, 2 refused, 130, 143 or 129 interrupted.',
    );
  const deps: import('./output.js').CliDeps = {
    createContext: async (options) => (await import('./of-context.js')).createContext(options),
    devices: async (options) => (await import('./of-context.js')).devices(options),
    signal: interrupted ?? interruptible(),
  };
  output.endsBy(deps.signal);
  const wanted = argv.find((word) => !word.startsWith('-'));
  const chosen = wanted !== undefined && Object.hasOwn(commands, wanted) ? commands[wanted] : undefined;
  let renamed: ReadonlyMap<string, string> = new Map();
  try {
    if (chosen) (await chosen.load()).register(program, wanted as string, deps);
    else
      for (const [name, { summary }] of Object.entries(commands))
        program.command(name).description(summary).allowUnknownOption();
    for (const command of program.commands) leaveEnding(command);
    const { examples = [] } = chosen ?? {};
    for (const command of chosen ? program.commands : [])
      command.configureHelp({
        ...command.configureHelp(),
        formatHelp: (one, helper) => help.helpOf(one, helper, one === command ? examples : [], all),
      });
    if (option !== undefined) return await explain(option, words, new Program('ewald'), deps, output);
    if (wanted !== undefined && !chosen) return unknownCommand(wanted, output);
    if (wanted === undefined && argv.length === 0) program.help({ error: true });
    const [{ attachBareValues, rowsOf }, { meantWords }] = await Promise.all([
      import('./parameter-flags.js'),
      import('./typed-words.js'),
    ]);
    const isPasted = argv.some((word, i) => `${word} ${argv[i + 1]}`.match(/^--compat[ =]crystfel/));
    const programs = chosen?.crystfel ?? [];
    const named = namedCommand(argv, programs, isPasted) ?? { words: argv, programs };
    const line = fromCrystfelFlags(named.words, named.programs, isPasted);
    renamed = line.renamed;
    for (const text of line.notes) output.note(`${output.yellow('note:')} ${text}`);
    const meant = (chosen ? meantWords(line.words, program) : line.words).map(axesWord);
    await program.parseAsync(attachBareValues(meant, rowsOf(program)), { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : output.exitCode.usage;
    else {
      const [{ rowsOf, nameAsFlags }, { inFlags }] = await Promise.all([
        import('./parameter-flags.js'),
        import('./flag-words.js'),
      ]);
      const rows = rowsOf(program);
      process.exitCode = output.fail(asPasted(inFlags(error, rows, nameAsFlags(rows, argv)), renamed));
    }
  }
}

/** Axes that begin with a minus, `-a-c,b,a`, are no flags: a blank tells them apart, which their reader leaves out. */
const axesWord = (word: string): string =>
  /^-[\dabc/+*,-]*[abc][\dabc/+*-]*,[^,=]+,[^,=]+$/.test(word) ? ` ${word}` : word;

/** Explains an option in every command that has it: `ewald help threshold`. */
async function explain(
  word: string,
  words: readonly string[],
  every: import('commander').Command,
  deps: import('./output.js').CliDeps,
  output: typeof import('./output.js'),
): Promise<void> {
  const [{ columns, commandParameters }, { explainWord, explanationsText }] = await Promise.all([
    import('./help.js'),
    import('./of-package.js'),
  ]);
  for (const [name, { load }] of Object.entries(commands)) (await load()).register(every, name, deps);
  const found = explainWord(word, commandParameters(every, ''), commands);
  const { explained, ofCrystfel } = found;
  if (explained.length + ofCrystfel.length === 0) return unknownCommand(word, output, found.near);
  if (words.includes('--json')) return output.printJson(explained.length > 0 ? explained : { crystfel: ofCrystfel });
  output.print(explanationsText(found, columns()));
}

/** Help of a command has one way to be asked for, and `ewald help index` names it. */
function refuseHelp(asked: readonly string[], output: typeof import('./output.js')): void {
  const line = asked.at(-1) === 'all' ? [...asked.slice(0, -1), '--help', 'all'] : [...asked, '--help'];
  output.note(`ewald: help explains options; did you mean ewald ${line.join(' ')}?`);
  process.exitCode = output.exitCode.usage;
}

/** Suggests a similar command; `--help` after an unknown word must not look like an answer. */
function unknownCommand(word: string, output: typeof import('./output.js'), options?: readonly string[]): void {
  const usual = word.toLowerCase().replaceAll('_', '-');
  const meant = !options && Object.hasOwn(meantCommands, usual) ? meantCommands[usual] : undefined;
  if (meant !== undefined) {
    output.note(`ewald: there is no command "${word}"; expected ${meant}`);
    process.exitCode = output.exitCode.usage;
    return;
  }
  const near = options ?? [nearest(word, Object.keys(commands)) ?? []].flat();
  const [theirs] = Object.entries(commands).find(([, { crystfel = [] }]) => crystfel.some((one) => one === word)) ?? [];
  if (theirs !== undefined) {
    output.note(`ewald: ${word} is a program of CrystFEL; ewald ${theirs} --compat crystfel takes its command line`);
    process.exitCode = output.exitCode.usage;
    return;
  }
  output.note(
    `ewald: there is no command ${options ? 'and no option ' : ''}` +
      `"${word}"; ${
        near.length > 0
          ? `did you mean "${near.join('" or "')}"?`
          : `expected one of ${Object.keys(commands).join(', ')}`
      }\n(ewald ` +
      '--help lists the commands, ewald COMMAND --help the options)',
  );
  process.exitCode = output.exitCode.usage;
}

/** What is meant by words that are no commands. */
const meantCommands: Readonly<Record<string, string>> = {
  'center-of-mass': 'ewald run com SCAN',
  'centre-of-mass': 'ewald run com SCAN',
  com: 'ewald run com SCAN',
  dpc: 'ewald run com SCAN',
  sum: 'ewald run sum SCAN',
  stddev: 'ewald run stddev SCAN',
  'virtual-detector': 'ewald run disk SCAN, or ewald run ring SCAN',
  'virtual-image': 'ewald run disk SCAN, or ewald run ring SCAN',
  'cell-explorer': 'ewald stream info RUN.stream; a report (--html) draws the distributions of the cells',
  hdfsee: 'ewald view FILE',
  geoptimiser: 'ewald geometry refine',
  'detector-shift': 'ewald geometry refine',
  'align-detector': 'ewald geometry refine',
  'list-events': 'ewald info FILE',
};
