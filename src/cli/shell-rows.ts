/**
 * Flags that exist only in the shell, each with the reason why the library has no option of this name. Every other flag
 * is a row of a room; test/cli/parameters.test.ts walks through all of them.
 */
import type { Parameter } from '../entries/command.node.js';

/** The reasons why the library has no options of these names. */
export const shellFlags = {
  output: 'the library takes the file or folder of the result as an argument, or returns the result',
  json: 'the library returns the values that are printed',
  stdout: 'the library returns the results',
  backend: 'in the library, an option of the context that createContext opens',
  executor: 'in the library, an Executor object',
  jobs: 'in the library, the workers of an Executor',
  merge: 'in the library, a sink that mergeSink of ewald/merging makes',
  mtz: 'in the library, toMtz of the result',
  cif: 'in the library, toCif of the result',
  ins: 'in the library, instructions() of what formatReflections returns',
  table1: 'in the library, toTable1 of the result',
  unmerged: 'in the library, toUnmergedMtz of the result',
  state: 'in the library, the state of a Merger',
  assignments: 'in the library, the crystals of the result',
  force: 'where the library returns what the caller writes, a command alone can replace a file',
  call: 'in the library, the functions themselves',
  cancel: 'in the library, cancelRun',
  runs: 'in the library, listRuns',
  connect: 'in the library, the first argument of the functions that connect to a cluster',
  verbose: 'how much is printed',
  list: 'rows and selectRows of ewald/validate are the list',
  header: 'inspect returns the header in any case',
  compat: 'in the library, each option has one name',
  csv: 'the library returns the values that are printed',
  profile: 'the library returns the times with every item',
  radialProfile: 'in the library, profile: { bins }',
  profileRange: 'in the library, profile: { range }',
  profilePolarisation: 'in the library, profile: { polarisation }',
  profileFrames: 'in the library, profile: { frames }',
  html: 'in the library, functions that make the page',
  open: 'starts a browser, which is for a person at a terminal',
  save: 'in the library, saveView of ewald/view',
  stay: 'in the library, the caller closes the viewer of a run',
} as const;

/** The flag `--json` of a command; `what` describes the printed documents. */
export const jsonRow = (what: string) =>
  ({ kind: 'boolean', sentence: what, group: 'output', common: true }) as const satisfies Parameter;

/** The flag `--csv` of a command; `what` describes the lines. */
export const csvRow = (what: string) =>
  ({
    kind: 'boolean',
    sentence: `prints a table for pandas and others: ${what}`,
    group: 'output',
    common: true,
  }) as const;

/** The flag of the folder for the results. */
export const folderRow = {
  kind: 'text',
  short: 'o',
  sentence: 'folder for the files',
  required: true,
  value: 'dir',
} as const satisfies Parameter;

/** The flag of the backend on which kernels run. */
export const backendRow = {
  kind: 'text',
  group: 'many cores',
  common: true,
  sentence: 'where to compute',
  defaultText: 'the best available backend',
  value: 'name',
} as const satisfies Parameter;
