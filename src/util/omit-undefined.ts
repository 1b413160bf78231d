/** Objects that leave out what is not known. */

/** The members of an object, those that may be undefined as optional ones. */
type OmitUndefined<T> = { readonly [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  readonly [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Copies an object without its members that are undefined, in their order. */
export const omitUndefined = <T extends object>(members: T): OmitUndefined<T> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as OmitUndefined<T>;
