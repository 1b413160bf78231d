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

/** Registers a command and returns it; `load` gives what runs when its flags have been read. */
export function registerCommand<R extends Parameters>(
  program: Command,
  name: string,
  { description, arguments: words = [], rows, after, flagsInHelp }: CommandWords<R>,
  load: () => Promise<CommandAction<FlagValues<R>>>,
  deps: CliDeps,
): Command {
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
  return command;
}

/** Registers commands below another, which may be one itself: its own flags stand before theirs, and are refused there. */
export function registerCommands<C extends Readonly<Record<string, CommandWords<Parameters>>>>(
  parent: Command,
  commands: C,
  actions: { readonly [Name in keyof C]: () => Promise<CommandAction<FlagValues<C[Name]['rows']>>> },
  deps: CliDeps,
): void {
  if (parent.options.length > 0) {
    // Otherwise commander gives a flag of both to the parent, wherever it stands.
    for (const command of [parent, parent.parent]) command?.enablePositionalOptions();
    parent.hook('preSubcommand', (_, child) => {
      const early = parent.options.find((option) => parent.getOptionValueSource(option.attributeName()) === 'cli');
      if (early !== undefined)
        throw new EwaldError(
          'Argument',
          `${early.long} stands before ${child.name()}, whose flags follow it: ewald ${parent.name()} ${child.name()} …`,
        );
    });
  }
  parent.helpCommand(false);
  for (const [word, command] of Object.entries(commands))
    registerCommand(parent, word, command, actions[word] as () => Promise<CommandAction<object>>, deps);
}
