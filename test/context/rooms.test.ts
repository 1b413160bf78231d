/**
 * The rules of src/README.md for all rooms: which rooms a room may import, how a room exports its names, that importing
 * a module has no side effects, and that a type name has only one meaning.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, test } from 'vitest';

/** The sources by their paths in src. */
const sources = new Map(
  readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    .map((file) => [file.replaceAll('\\', '/'), readFileSync(join('src', file), 'utf8')]),
);
const files = sources;
const inFolder = (folder: string) => [...files].filter(([file]) => file.startsWith(`${folder}/`));
/** The modules that a file re-exports. */
const reexported = (text: string): string[] =>
  [...text.matchAll(/^export (?:type )?(?:\*|\{[^}]*\})[^;]*? from '([^']+)'/gm)].map(([, from]) => from as string);

describe('the order of the folders', () => {
  /** Rows of the table in src/README.md, from the bottom to the top. */
  const table = readFileSync('src/README.md', 'utf8').split('## A room shows itself')[0] as string;
  const rows = [...table.matchAll(/^\| (`\w+\/`(?:, `\w+\/`)*) \|/gm)].map(([, names]) =>
    [...(names as string).matchAll(/\w+/g)].map(([name]) => name),
  );
  const rowOf = new Map(rows.flatMap((names, row) => names.map((name) => [name, row] as const)));
  const topOf = (path: string): string => path.split('/')[0] as string;
  /** Imports, types included: by what `nameOf` calls the importing and the imported file, the lines to show. */
  const importsBy = (nameOf: (path: string) => string): Map<string, Map<string, string[]>> => {
    const imports = new Map<string, Map<string, string[]>>();
    for (const [file, text] of sources) {
      const name = nameOf(file);
      for (const [, from, later] of text.matchAll(/\bfrom '(\.[^']+)'|\bimport\(\s*'(\.[^']+)'/g)) {
        const target = posix.join(posix.dirname(file), (from ?? later) as string);
        const other = nameOf(target);
        // Shaders lie outside of src.
        if (other === name || target.startsWith('..')) continue;
        const others = imports.get(name) ?? new Map<string, string[]>();
        others.set(other, [...(others.get(other) ?? []), `src/${file} imports src/${target}`]);
        imports.set(name, others);
      }
    }
    return imports;
  };

  test('is a table of src/README.md that lists every folder once', () => {
    expect(rows.flat().sort()).toEqual([...new Set([...sources.keys()].map(topOf))].sort());
  });

  test('has rooms of at most 30 000 lines, each with a README', { tags: 'house' }, () => {
    const lines = new Map<string, number>();
    for (const [file, text] of sources)
      lines.set(topOf(file), (lines.get(topOf(file)) ?? 0) + text.split('\n').length - 1);
    for (const [folder, count] of lines) {
      expect(existsSync(join('src', folder, 'README.md')), folder).toBe(true);
      expect(count, folder).toBeLessThanOrEqual(30_000);
    }
  });

  test('is respected by every import: none leads to a folder of a later row', () => {
    const up = [...importsBy(topOf)].flatMap(([room, others]) =>
      [...others].flatMap(([other, lines]) =>
        (rowOf.get(other) ?? -1) > (rowOf.get(room) ?? rows.length) ? lines : [],
      ),
    );
    expect(up).toEqual([]);
  });

  test('has no cycle: no room imports another that imports it in turn, directly or indirectly', () => {
    const imports = importsBy(topOf);
    const reached = (from: string, all = new Set<string>()): Set<string> => {
      for (const other of imports.get(from)?.keys() ?? [])
        if (!all.has(other)) {
          all.add(other);
          reached(other, all);
        }
      return all;
    };
    const loops = [...imports].flatMap(([room, others]) =>
      [...others].flatMap(([other, lines]) => (reached(other).has(room) ? lines : [])),
    );
    expect(loops).toEqual([]);
  });
});

describe('the public face of a room', () => {
  test('is public.ts; no room has an index.ts or entry.ts', { tags: 'house' }, () => {
    const faces = [...files.keys()].filter((file) => /^[\w-]+\/(?:index|entry|main)\.ts$/.test(file));
    expect(faces.sort()).toEqual(['cli/main.ts', 'entries/index.ts']);
  });

  test('is what entry points export, in addition to the names of a platform', { tags: 'house' }, () => {
    // These gather functions of many rooms, for commands and pages: the file itself is the public module.
    const entries = inFolder('entries').filter(
      ([file]) => !/^entries\/(?:shell.node|command.node|pages)\.ts$/.test(file),
    );
    const strange = entries.flatMap(([file, text]) =>
      reexported(text)
        .filter(
          (from) =>
            !/^(?:[\w-]+\/)+(?:public(?:\.\w+)?|(?:[\w-]+\/)*[\w-]+\.(?:node|browser))\.js$/.test(from.slice(3)),
        )
        .map((from) => `${file}: ${from}`),
    );
    expect(strange).toEqual([]);
  });

  test('contains only exported names, and is exported by an entry point', { tags: 'house' }, () => {
    const faces = [...files].filter(([file]) => /\/public(?:\.\w+)?\.ts$/.test(file));
    expect(faces.length).toBeGreaterThan(15);
    for (const [file, text] of faces) {
      const code = text.replace(/\/\*\*?[\s\S]*?\*\/|export (?:type )?(?:\*|\{[^}]*\})[^;]*? from '[^']+';/g, '');
      expect(code.replace(/^import (?:type \{\} from )?'[^']+';$/gm, '').trim(), file).toBe('');
      const name = file.replace(/\.ts$/, '.js');
      const users = [...files].filter(
        ([user, its]) =>
          /^(?:entries\/|context\/public)/.test(user) &&
          reexported(its).some((from) => name.endsWith(from.replace(/^(?:\.\.?\/)+/, ''))),
      );
      expect(users.length, `${file}: an entry that exports it`).toBeGreaterThan(0);
    }
  });
});

/** Permitted module-level state, each with its reason. None of it affects another context. */
const state: Readonly<Record<string, string>> = {
  'compute/backends/wasm/heap.ts: viewed': 'the cores of heaps, gone with their memory',
  'compute/backends/wasm/source.ts: compiled': 'a cache of the compiled core, one for each source',
  'compute/backends/webgpu/cached-gpu.ts: gpuByFlags': 'works round a crash of Dawn; see the file',
  'compute/backends/webgpu/timestamps.ts: collecting': 'a measurement of all devices, while it runs',
  'heffte/files/on-ranks.node.ts: agreed': 'a note on an error, gone with it',
  'frames/files/read.ts: inputRead': 'standard input is one for the process',
  'frames/raw/corrected.ts: keptTables': 'the last constants, read again when a file has changed',
  'parallel/communicator/mpi.node.ts: world': 'MPI starts once in a process',
  'frames/custom.ts: partitions': 'a note on an object, gone with it',
  'frames/formats/memory.ts: arrays': 'a note on an object, gone with it',
  'stem/output/numbers.ts: known': 'a note on an object, gone with it',
  'stem/images/lines.ts: plans': 'a bounded cache of sines, eight lengths at most',
  'udf/scans/resident-runs.ts: known': 'a note on an object, gone with it',
  'udf/scans/scan.ts: residents': 'a note on an object, gone with it',
  'bytes/codecs/zstd.ts: compiled': 'the code of a decoder, which is the same for all',
  'bytes/codecs/zstd.ts: kept': 'the memory of a decoder, which holds nothing between two calls',
  'bytes/sources/read-ahead.ts: latest': 'a bounded cache of ranges of all files',
  'bytes/sources/descriptors.ts: held': 'the limit of open files is one of the process',
  'bytes/sources/descriptors.ts: room': 'the limit of open files is one of the process',
  'ffi/header/declarator.ts: openLengths': 'a note on an object, gone with it',
  'util/aborted.ts: waits': 'a note on a signal, gone with it',
  'util/pace.ts: turn': 'the event loop is one for the thread',
  'options/parameters.ts: defaults': 'a cache, gone with its object',
  'cli/ends.ts: stopSignal': 'signals are sent to the process',
  'cli/output.ts: isHeard': 'whether standard output of the process has a reader',
  'ffi/header/source.ts: lineStarts': 'a cache, gone with its object',
  'ffi/header/specifiers.ts: basicTypes': 'a cache of the few spellings of the types of C',
  'ffi/header/weight.ts: known': 'a cache, gone with its object',
  'ffi/native/callbacks.ts: signatures': 'trampolines of the process are shared by their signatures',
  'ffi/native/callbacks.ts: trampolines': 'trampolines of the process are shared, since there are few',
  'ffi/owned.ts: owners': 'a note on an address of the process, gone with its owner',
  'ffi/library.ts: tools': 'a note on an object, gone with it',
  'ffi/native/headers.ts: compilers': 'a cache: the folders of the system do not change',
  'ffi/native/headers.ts: known': 'a cache: the folders of the system do not change',
  'ffi/native/koffi.ts: loading': 'koffi is loaded once in a process',
  'ffi/native/koffi.ts: space': 'the memory of the process is one',
  'ffi/native/own-names.ts: ofProgram': 'a cache: the names of the program do not change',
  'ffi/wasm/by-value.ts: nothing': 'empty, and never written',
  'ffi/struct-arguments.ts: none': 'empty, and never written',
  'ffi/struct-values.ts: origins': 'a note on an object, gone with it',
  'ffi/wasm/binary.ts: trampolines': 'a cache of compiled modules, one for each signature',
  'frames/files/interrupt.ts: code': 'signals are sent to the process',
  'frames/files/interrupt.ts: current': 'signals are sent to the process',
  'frames/files/interrupt.ts: temporaries': 'files to remove when the process ends',
  'indexing/known-cells.ts: nearlySymmetric': 'a cache of the latest cells',
  'indexing/task.ts: plans': 'a cache, gone with its object',
  'memory/disposable.ts: holders': 'a note on an object, gone with it',
  'memory/disposable.ts: warned': 'a warning for the process, printed once',
  'memory/format.ts: cache': 'a cache of parsed formats',
  'pages/view/picture-on.ts: isCard': 'what the browser draws with, asked once',
  'pages/view/profile-tab.ts: loadedAt': 'a page is a single viewer',
  'pages/view/profile-tab.ts: loading': 'a page is a single viewer',
  'pages/view/profile-tab.ts: served': 'a page is a single viewer',
  'pages/view/run-there.ts: asking': 'a page is a single viewer',
  'pages/view/run-there.ts: goingBefore': 'a page is a single viewer',
  'pages/view/run-there.ts: offered': 'a page is a single viewer',
  'pages/view/run-there.ts: opened': 'a page is a single viewer',
  'pages/view/run-there.ts: served': 'a page is a single viewer',
  'pages/view/run-there.ts: timer': 'a page is a single viewer',
  'pages/view/run-there.ts: written': 'a page is a single viewer',
  'peaks/rings.ts: known': 'a cache, gone with its object',
  'pipeline/inputs/copied-headers.ts: fieldsOf': 'a cache of header fields by open file',
  'crystal/space-groups/groups.ts: made': 'a cache of operators, which follow from the table',
  'pipeline/regions/spans.ts: known': 'a cache, gone with its object',
  'stem/builtin/polar.ts: known': 'a cache, gone with its object',
  'stem/builtin/rings.ts: known': 'a cache, gone with its object',
  'stem/analyses/beam-share.ts: beams': 'a cache, gone with its object',
  'udf/execution/running-udf.ts: accessors': 'a cache of accessors by name',
  'crystal/symmetry/asymmetric-unit.ts: ofCrystals': 'a cache, gone with its object',
  'ffi/ended.ts: spaces': 'what has ended in a memory of C, gone with it: two libraries may share one',
  'ffi/header/declarator.ts: statics': 'a mark of types, gone with them',
  'ffi/native/callbacks.ts: isWatched': 'the end of the process is watched once',
  'crystal/finer-lattice.ts: fractionsMade': 'a cache of the fractions of small numbers',
  'crystal/stream/write.ts: listsOfChunks': 'the data of lists, gone with their chunk',
  'pipeline/profile/frame-profiles.ts: known': 'a cache, gone with its object',
  'pipeline/stages/integrate.ts: known': 'a cache, gone with its object',
  'pipeline/stages/integrate.ts: latest': 'a cache of the latest disc',
  'pipeline/stages/integrate.ts: touched': 'never read: it keeps engines from omitting loads',
  'pipeline/stages/measured-crystal.ts: partsOf': 'the tables of crystals, gone with their crystal',
  'indexing/parameters.ts: latest': 'a cache of the latest thresholds, gone with their indexer',
  'pipeline/stages/predict.ts: views': 'what a detector looks like from the sample, gone with its beam',
  'pipeline/one-frame.ts: spareFrames': 'memory for reuse, gone with its object',
  'pipeline/task.ts: liveOf': 'memory for reuse, gone with its object',
  'validate/oracle/fft/long.ts: lastChirp': 'a cache of the latest length',
  'validate/oracle/fft/long.ts: lastRoots': 'a cache of the latest length',
};
/** Files that are programs, and so run when they are imported. */
const programs =
  /^(?:cli\/main|pages\/\w+\/(?:main|app|[\w-]+-(?:controls|loader|tools))|entries\/worker\.(?:node|browser))\.ts$/;
/** Calls that only complete the class above them. */
const completing = /^(?:disposableClass|refuseIndexing|shownAs)\(/;

describe('importing a module changes nothing', () => {
  const found: string[] = [];
  const calls: string[] = [];
  for (const [file, source] of files) {
    if (programs.test(file)) continue;
    // Text that a template writes into other files is not code of this one.
    const text = source.replace(/^export const \w+ = (?:\([^)]*\): string => )?`(?:\\.|[^`\\])*`;$/gms, '');
    for (const [, name] of text.matchAll(/^(?:export )?(?:let (\w+)|const \w+)/gm))
      if (name) found.push(`${file}: ${name}`);
    const holding =
      /^(?:export )?const (\w+)(?:: [^=\n]+)? = (?:new (?:Map|Set|WeakMap|WeakSet)\b[^\n]*\(\)|\[\]|\{\});/gm;
    for (const [declared, name = ''] of text.matchAll(holding))
      if (!/: (?:readonly |Readonly|\w+Options = \{\})/.test(declared)) found.push(`${file}: ${name}`);
    for (const [, name = ''] of text.matchAll(/^(?:export )?const (\w+)(?:: [^=\n]+)? = new \w+(?:<[^>]*>)?\([^)]/gm))
      if (new RegExp(`\\b${name}\\.(?:set|add|delete|clear)\\(`).test(text)) found.push(`${file}: ${name}`);
    for (const [line] of text.matchAll(/^(?:[a-z][\w.]*\(|import ')[^\n]*/gm))
      if (!completing.test(line)) calls.push(`${file}: ${line}`);
  }

  test('modules hold no state except what is listed here with its reason', { tags: 'house' }, () => {
    expect(found.sort()).toEqual(Object.keys(state).sort());
  });

  test('no module calls or registers anything when it is imported', () => {
    // Types only: context/public.worker.ts adds the worker messages of the rooms.
    expect(calls.filter((line) => !/^context\/public\.worker\.ts: import '.*\/calls\.js'/.test(line))).toEqual([]);
  });
});

test('a type name has one meaning: Room, Context and Planner are each declared once', { tags: 'house' }, () => {
  for (const word of ['Room', 'Planner', 'Backend', 'Context']) {
    const declared = [...files].filter(([, text]) =>
      new RegExp(`^(?:export )?(?:declare )?(?:interface|(?:abstract )?class|type) ${word}\\b[^\\n]*[{=]`, 'm').test(
        text,
      ),
    );
    // The Context of ewald/udf is that of LiberTEM; both builds export the same class.
    const names = declared.map(([file]) => file).filter((file) => !/^entries\/udf(?:\.node)?\.ts$/.test(file));
    expect(names, word).toHaveLength(1);
  }
});

test('a room with kernels has the same name in the folder of every backend', { tags: 'house' }, () => {
  const folders = (wing: string, besides: readonly string[]) =>
    readdirSync(wing, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !besides.includes(entry.name))
      .map(({ name }) => name)
      .sort();
  // Device arrays are part of the common/ folder of each backend; the others are parts of udf and peaks.
  const inUdf = ['arrays', 'correction', 'decoding', 'disks', 'spans'];
  const withKernels = [...files.keys()].flatMap((file) => /^(?:[\w-]+\/)?([\w-]+)\/kernels\.ts$/.exec(file)?.[1] ?? []);
  const expected = withKernels.filter((room) => !inUdf.includes(room)).sort();
  // Not every room has kernels for GPUs.
  for (const folder of folders('wgsl', ['common', 'frames', 'generated', 'self_test']))
    expect(expected).toContain(folder);
  // Codecs are called directly where they run on cores; on GPUs they are part of udf (src/udf/decoding).
  for (const folder of folders('cuda', ['addon', 'bench', 'check', 'common', 'frames', 'emulator']))
    expect(expected).toContain(folder);
  expect(readdirSync('cpp')).toEqual(expect.arrayContaining(expected));
});

test('the passes of udf import nothing from the rest of the room', () => {
  const above = [...inFolder('udf/pass'), ...inFolder('udf/kernels')].flatMap(([file, text]) => {
    const depth = file.split('/').length - 2;
    return [...text.matchAll(new RegExp(`from '(?:\\.\\./){${depth}}([\\w-]+)\\.js'`, 'g'))]
      .filter(([, name]) => name !== 'contract' && name !== 'kernels')
      .map(([line]) => `${file}: ${line}`);
  });
  expect(above).toEqual([]);
});

test('ewald/ffi and ewald/memory share only errors with the other entry points, which do not load them', () => {
  const texts = new Map<string, string>();
  const textOf = (file: string): string => {
    const text = texts.get(file) ?? readFileSync(join('dist', file), 'utf8');
    texts.set(file, text);
    return text;
  };
  /** The modules that a file of dist/ loads, immediately or later. */
  const loaded = (file: string, all = new Set<string>()): Set<string> => {
    if (all.has(file) || !existsSync(join('dist', file))) return all;
    all.add(file);
    for (const [, next] of textOf(file).matchAll(/(?:from|import)\s*\(?\s*['"]\.\/([^'"]+\.js)['"]/g))
      loaded(next as string, all);
    return all;
  };
  // The commands, and their functions in ewald/shell, use every room.
  const entries = readdirSync('dist').filter(
    (file) => /\.js$/.test(file) && !/^(?:chunk-|cli\.|command\.|shell\.)/.test(file),
  );
  expect(entries.length).toBeGreaterThan(20);
  const own = entries.filter((file) => /^(?:ffi|memory)\b/.test(file));
  expect(own).toHaveLength(3);
  const [ours, others] = [own, entries.filter((file) => !own.includes(file))].map(
    (files) => new Set(files.flatMap((file) => [...loaded(file)])),
  ) as [Set<string>, Set<string>];
  expect([...ours].filter((file) => others.has(file) && !/^chunk-(?:util|options)\d*\b/.test(file))).toEqual([]);
  // Words from the messages of a room, which identify it wherever a bundler puts it.
  const [mine, theirs] = [ours, others].map((all) => [...all].map(textOf).join('\n'));
  for (const words of ['unknown type name', 'its elements lie apart']) {
    expect(mine).toContain(words);
    expect(theirs, words).not.toContain(words);
  }
  for (const words of ['maxSpots', 'navShape']) expect(mine, words).not.toContain(words);
});
