/** What notebooks ask of a result. */

/** The name by which notebooks ask for a result. */
export const jupyterDisplay: unique symbol = Symbol.for('Jupyter.display') as never;

/** What a notebook gets: contents by their MIME types. */
export type DisplayedResult = Readonly<Record<string, string>>;

/**
 * The object, which notebooks show as `show` says. What they call is not enumerable: results are copied and compared by
 * their numbers.
 */
export const shownInNotebooks = <T extends object>(result: T, show: () => Promise<DisplayedResult>): T =>
  Object.defineProperty(result, jupyterDisplay, { value: show });
