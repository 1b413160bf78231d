// @module-tag house: words.
/** The table "Words" of docs/architecture.md: no declaration has a second name for a topic that it decides. */
import { existsSync, readFileSync } from 'node:fs';
import * as udf from 'ewald/udf';
import { describe, expect, test } from 'vitest';
import { searchRows } from '../../src/peaks/parameters.js';
import { thresholdRows } from '../../src/pipeline/parameters.js';
import { declarations } from '../support/declarations.js';

interface Member {
  readonly name: string;
  readonly isOptional: boolean;
  readonly type: string;
}
interface Block {
  readonly name: string;
  readonly head: string;
  readonly body: string;
  readonly members: readonly Member[];
}

/** The interfaces, classes and types of objects of a declaration file, with their members. */
const blocksOf = (text: string): Block[] =>
  [
    ...text.matchAll(
      /^(?:export |declare |default )*(?:abstract )?(?:interface|class|type) (\w+)([^{;]*)\{\n([\s\S]*?)^\}/gm,
    ),
  ].map(([, name = '', head = '', body = '']) => ({
    name,
    head,
    body,
    members: [...body.matchAll(/^ {4}(?:readonly |get )?(\w+)(\?)?(?:\(\))?: ([^;]*);/gm)].map(
      ([, member = '', mark, type = '']) => ({ name: member, isOptional: mark === '?', type }),
    ),
  }));

/** The second names that a text has of a topic. */
type Rule = (text: string, file: string) => string[];
const ofMembers =
  (isSecond: (member: Member, block: Block) => boolean): Rule =>
  (text) =>
    blocksOf(text).flatMap((block) =>
      block.members.flatMap((member) => (isSecond(member, block) ? [`${block.name}.${member.name}`] : [])),
    );

/** What ends otherwise than with `dispose`, and why. */
const endedOtherwise: Readonly<Record<string, string>> = {
  ByteSource: 'a file, as in Node; users implement it',
  Output: 'an output, which is closed or discarded',
  FrameSink: 'an output, which is closed or discarded',
  MergeSink: 'an output, which is closed or discarded',
  StreamFile: 'an output, which is closed or discarded',
  RunWatch: 'it is told how the run has ended',
  DetectorDriver: 'of a connection, which ends with dispose',
  RunSource: 'of a run, which ends with its loop',
  FileSource: 'of a run, which ends with its loop',
  ShardFolder: 'of a run, which ends with its loop',
  WorkerPort: 'of a worker, which ends with its executor',
  LivePlots: 'of a run, which ends with its last images',
};

/** The options that stand in a group where calls have that group: what belongs to a finder or judges lattices. */
const groups: Readonly<Record<string, ReadonlySet<string>>> = {
  peaks: new Set(Object.keys(searchRows)),
  thresholds: new Set(Object.keys(thresholdRows)),
};

const rules: Readonly<Record<string, { readonly find: Rule; readonly planted: string }>> = {
  seconds: {
    find: ofMembers(
      ({ name, isOptional, type }, block) =>
        isOptional &&
        /^number\b/.test(type) &&
        /Options|Parameters/.test(block.name) &&
        (/(Ms|Seconds|Millis|Delay|Interval)$/.test(name) ||
          (/(Timeout|lifetime)$/.test(name) && name !== 'noDataTimeout')),
    ),
    planted: 'export interface RunOptions {\n    readonly retryMs?: number | undefined;\n}\n',
  },
  progress: {
    find: ofMembers(
      ({ name, type }) =>
        (name === 'onProgress' &&
          !/^\(?\(progress: (Resident|Run|Udf)?Progress\) => void\)?( \| undefined)?$/.test(type)) ||
        (name === 'progress' && type.includes('=>')),
    ),
    planted: 'interface PiRunOptions {\n    readonly onProgress?: ((done: number) => void) | undefined;\n}\n',
  },
  shapes: {
    // A series of HDF5 is written by the package alone.
    find: ofMembers(({ name }, block) => name === 'navigation' && block.name !== 'SeriesOptions'),
    planted: 'export interface Dataset {\n    readonly navigation: readonly number[];\n}\n',
  },
  lengths: {
    find: ofMembers(({ name, isOptional }) => isOptional && ['min', 'max'].includes(name)),
    planted: 'export interface CellOptions {\n    readonly max?: number | undefined;\n}\n',
  },
  ending: {
    find: (text) =>
      blocksOf(text).flatMap(({ name, head, body }) =>
        /^ {4}(close|end|stop|destroy)\(.*\): Promise<void>/m.test(body) &&
        !/^ {4}dispose\(/m.test(body) &&
        !/\bDisposable\b/.test(head) &&
        !Object.hasOwn(endedOtherwise, name)
          ? [name]
          : [],
      ),
    planted: 'export interface ServedThing {\n    readonly url: string;\n    close(): Promise<void>;\n}\n',
  },
  inputs: {
    find: (text) =>
      [...text.matchAll(/\bstring \| PlatformUrl \| PlatformBlob\b[^;)]*/g)].flatMap(([type]) =>
        type.includes('Uint8Array') ? [] : [type],
      ),
    planted: 'export type Input = string | PlatformUrl | PlatformBlob;\n',
  },
  'element type': {
    find: ofMembers(
      ({ name, type }, block) =>
        /'f32' \| 'f64'/.test(type) &&
        !/^(dtype|precisions?|inputDtype)$/.test(name) &&
        block.name !== 'FrameCorrectionOptions',
    ),
    planted: "export interface ArrayOptions {\n    readonly elementType?: 'f32' | 'f64' | undefined;\n}\n",
  },
  opening: {
    // What holds resources is opened by a function that returns a promise; `new Context()` is LiberTEM's.
    find: (text, file) =>
      [...text.matchAll(/^export declare function ((?:open|create|connect)[A-Z]\w*)\b[^;]*?\): (\w+)/gm)]
        .flatMap(([, name = '', type]) => (type === 'Promise' ? [] : [name]))
        .concat(
          /(^|\/)stem\/context$/.test(file)
            ? []
            : [...text.matchAll(/^export declare class (Context)\b/gm)].flatMap(([, name = '']) => name),
        ),
    planted: 'export declare function openThing(file: string): Thing;\n',
  },
  masks: {
    find: ofMembers(
      ({ name, type }) => /^(good|validPixels|goodPixels|maskGood|inverseMask)$/.test(name) && !/=>/.test(type),
    ),
    planted: 'export interface DetectorOptions {\n    readonly good?: Uint8Array | undefined;\n}\n',
  },
  results: {
    find: (text) => [...text.matchAll(/\b(out|dest|destination|target)\?: \w*Array\b/g)].map(([match]) => match),
    planted: 'export declare function read(first: number, out?: Float32Array): Promise<Float32Array>;\n',
  },
  options: {
    find: (text) =>
      blocksOf(text).flatMap(({ name, members }) =>
        members.flatMap((member) =>
          members.some((group) => group.isOptional && groups[group.name]?.has(member.name))
            ? [`${name}.${member.name}`]
            : [],
        ),
      ),
    planted:
      'export interface RunOptions {\n    readonly peaks?: PeakParameters | undefined;\n' +
      '    readonly threshold?: number | undefined;\n}\n',
  },
  words: {
    // A frame is what a detector recorded, an image a frame as spots or a picture; `imageCount` is LiberTEM's. Stills
    // of one setting are lattices.
    find: ofMembers(
      ({ name }, block) =>
        block.name !== 'AlignedStills' &&
        // What is drawn of results.
        block.name !== 'PlotsOption' &&
        /^(stills?|shots?|snapshots?|patterns|pictures)$|(still|shot|pattern|picture)Count$|^(num|n|numberOf)(Frames|Images)$/i.test(
          name,
        ),
    ),
    planted: 'export interface RunOptions {\n    readonly stills?: number | undefined;\n}\n',
  },
  detect: {
    find: (text, file) =>
      // Formats of frames have a method of that name, which users do not see; `detect` of ewald/udf is LiberTEM's.
      /(^|\/)(frames\/format|stem\/bind|entries\/udf|udf(\.node)?)$/.test(file)
        ? []
        : [...text.matchAll(/(@deprecated[^@]*?)?\bdetect(\(|: )/g)].flatMap(([match, isFormer]) =>
            isFormer === undefined ? [match] : [],
          ),
    planted: 'export interface Executor {\n    detect(): Promise<void>;\n}\n',
  },
};

describe('the words that docs/architecture.md decides', () => {
  test('the declarations are those of the build', () => {
    expect(existsSync('dist/types/entries/index.d.ts')).toBe(true);
    expect(declarations().size).toBeGreaterThan(200);
  });

  test('types of objects are walked as interfaces are', () => {
    const text = 'export type RunOptions = Base & {\n    readonly retryMs?: number | undefined;\n};\n';
    const { seconds } = rules;
    expect(seconds?.find(text, 'planted')).toEqual(['RunOptions.retryMs']);
  });

  test.for(Object.entries(rules))('%s: no declaration has a second name', ([topic, { find, planted }]) => {
    expect(find(planted, 'planted'), 'the rule finds what is planted').toHaveLength(1);
    const found = [...declarations({ comments: topic === 'detect' })].flatMap(([file, text]) =>
      find(text, file).map((name) => `${file}: ${name}`),
    );
    expect(found).toEqual([]);
  });

  test('ready-made functions: every UDF of the package is a function of its parameters', () => {
    const made = Object.entries(udf).filter(([name]) => /^[a-z]\w*Udf$/.test(name));
    expect(made.length).toBeGreaterThan(12);
    expect(made.filter(([, value]) => typeof value !== 'function').map(([name]) => name)).toEqual([]);
  });

  test('the table has a row for each topic', () => {
    const page = readFileSync('docs/architecture.md', 'utf8');
    const topics = [...page.slice(page.indexOf('## Words')).matchAll(/^\| ([a-z- `]+) \|/gm)].map(([, topic]) => topic);
    for (const topic of [...Object.keys(rules), 'ready-made functions']) expect(topics).toContain(topic);
  });
});
