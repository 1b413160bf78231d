/** What notebooks ask of a result. */

/** The name by which notebooks ask for a result. */
export const jupyterDisplay: unique symbol = Symbol.for('Jupyter.display') as never;

/** What a notebook gets: contents by their MIME types. */
export type DisplayedResult = Readonly<Record<string, string>>;
