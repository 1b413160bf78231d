/** The help of `ewald run`: its analyses by name, and the flags of each. */
import { type Command, Help, type Option } from 'commander';
import {
  type AnalysisName,
  analysisRows,
  flagOf,
  helpEntry,
  knownAnalyses,
  rowsOfAnalysis,
} from '../entries/command.node.js';
import { columns } from './help.js';
import { RowFlag } from './parameter-flags.js';

/** The flags of an analysis, by their short forms where they have some. */
export const flagsOf = (analysis: AnalysisName): string[] =>
  Object.entries(rowsOfAnalysis(analysis)).flatMap(([name, row]) =>
    row.flag === null ? [] : [row.short === undefined ? flagOf(name, row) : `-${row.short}`],
  );

export const everyAnalysis = Object.keys(knownAnalyses) as AnalysisName[];
export const isAnalysis = (word: string): word is AnalysisName => Object.hasOwn(knownAnalyses, word);

/** The analyses whose help is wanted, as in `ewald run ssb --help`; without any, all. */
export function namesInHelp({ args }: Command): readonly AnalysisName[] {
  const named = (args.find((word) => !word.startsWith('-')) ?? '').split(',').filter(isAnalysis);
  return named.length > 0 ? named : everyAnalysis;
}

/** The flags in the help of these analyses: their own first, then those of every run. */
export function flagsInHelp(command: Command): Option[] {
  const names = namesInHelp(command);
  const all = new Help().visibleOptions(command);
  const ofAnalyses = (option: Option): boolean =>
    option instanceof RowFlag && Object.keys(option.rows).every((row) => row in analysisRows);
  if (names === everyAnalysis) return all;
  const wanted = new Set(names.flatMap((name) => Object.keys(rowsOfAnalysis(name))));
  const isTheirs = (option: Option): boolean =>
    ofAnalyses(option) && Object.keys((option as RowFlag).rows).some((row) => wanted.has(row));
  return [...all.filter(isTheirs), ...all.filter((option) => !ofAnalyses(option))];
}

/** What each of these analyses does, and its flags. */
export const analysisHelp = (names: readonly AnalysisName[]): string[] =>
  names.map((name) => {
    const flags = flagsOf(name).join(' ');
    return helpEntry(name, `${knownAnalyses[name].sentence}${flags && `: ${flags}`}`, columns());
  });
