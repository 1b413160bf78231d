/** Commands that are rows and an action: help and the checks of flags need the rows alone. */
import type { Command, Option } from 'commander';
import type { FlagValues, Parameters } from '../entries/command.node.js';
import { EwaldError } from '../entries/index.node.js';
import type { CliDeps } from './output.js';
import { type FlagTexts, flagValues, withFlags } from './parameter-flags.js';

/** What a command is, in words and rows. */
export interface CommandWords<R extends Parameters> {
  readonly description: string;
  /** Its arguments as commander writes them, such as `<files...>`, and what they are; default: none. */
  readonly arguments?: readonly (readonly [name: string, text: string])[];
  readonly rows: R;
  /** What help says after the flags; default: nothing. */
  readonly after?: string | ((command: Command) => string);
  /** The flags that help lists; default: all. */
  readonly flagsInHelp?: (command: Command) => Option[];
}

/** What runs: it gets the words that are no flags, and the checked flags. */
export interface CommandAction<F> {
  run(words: readonly string[], flags: F, deps: CliDeps): Promise<void>;
}

/** Registers a command; `load` gives what runs when its flags have been read. */
export function registerCommand<R extends Parameters>(
  program: Command,
  name: string,
  { description, arguments: words = [], rows, after, flagsInHelp }: CommandWords<R>,
  load: () => Promise<CommandAction<FlagValues<R>>>,
  deps: CliDeps,
): void {
  const command = program.command(name).description(description);
  for (const [word, text] of words) command.argument(word, text);
  if (after !== undefined) command.addHelpText('after', () => (typeof after === 'string' ? after : after(command)));
  if (flagsInHelp !== undefined) command.configureHelp({ visibleOptions: flagsInHelp });
  // Commander passes one value for each argument, a list for the last one with dots, and then the flags.
  withFlags(command, rows).action(async (...values: unknown[]) => {
    const given = values.slice(0, words.length) as (string | string[] | undefined)[];
    for (const [i, one] of given.entries())
      if ([one].flat().some((word) => word?.trim() === ''))
        throw new EwaldError(
          'Argument',
          `an argument is empty, as a variable that is not set leaves it; expected ${words[i]?.[0]}`,
        );
    const flags = flagValues(rows, values[words.length] as FlagTexts);
    const { run } = await load();
    return run(
      given.flat().filter((word) => word !== undefined),
      flags,
      deps,
    );
  });
}
