/** Commands with one action, of which help and the checks of flags need the rows alone. */
import type { Command } from 'commander';
import type { FlagValues, Parameters } from '../../entries/command.node.js';
import type { CliDeps } from './output.js';
import { type FlagTexts, flagValues, withFlags } from './parameter-flags.js';

/** What a command is, in words and rows. */
export interface CommandWords<R extends Parameters> {
  readonly description: string;
  /** Its argument as commander writes it, such as `<files...>`, and what it is. */
  readonly argument: readonly [name: string, text: string];
  readonly rows: R;
}

/** What runs: it gets the words that are no flags, and the checked flags. */
export interface CommandAction<F> {
  run(words: readonly string[], flags: F, deps: CliDeps): Promise<void>;
}

/** Registers a command; `load` gives what runs when its flags have been read. */
export function registerCommand<R extends Parameters>(
  program: Command,
  name: string,
  { description, argument, rows }: CommandWords<R>,
  load: () => Promise<CommandAction<FlagValues<R>>>,
  deps: CliDeps,
): void {
  const command = program
    .command(name)
    .description(description)
    .argument(...argument);
  withFlags(command, rows).action(async (words: string | string[], texts: FlagTexts) => {
    const flags = flagValues(rows, texts);
    const { run } = await load();
    return run([words].flat(), flags, deps);
  });
}
