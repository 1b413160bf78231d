/** Variants of one test: each command runs some of them. */
const command = process.env.EWALD_TEST_COMMAND;

/** The tag of variants. */
export const tier = command === 'nightly' ? 'nightly' : 'all';

/** Of a list those that this command runs: the `usual` first ones, or the others; all if no command is given. */
export function variants<T>(list: readonly T[], usual = 1): readonly T[] {
  if (command === undefined || command === '' || process.env.EWALD_TEST_ROOM) return list;
  return command === 'nightly' ? list.slice(usual) : list.slice(0, usual);
}

/** Whether this is `npm test` as a whole, which has little time for a test: not a room of it, nor a single file. */
export const isQuick = command === 'quick' && !process.env.EWALD_TEST_ROOM;

/** Of a list the `usual` first ones for `npm test`, and all of it for every other command, a room and a single file. */
export const someOf = <T>(list: readonly T[], usual = 1): readonly T[] => (isQuick ? list.slice(0, usual) : list);
