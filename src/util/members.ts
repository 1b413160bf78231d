/** Members of objects: types of those that may be omitted or given as undefined, and reading one. */

/** A method as the type of such a member; the types of its parameters are compared as those of methods are. */
export type MethodOf<Parameters extends unknown[], Result> = { method(...of: Parameters): Result }['method'];

/** All members, after the defaults have been filled in. */
export type Filled<T> = { readonly [Name in keyof T]-?: Exclude<T[Name], undefined> };

/** A member. A bundler drops this call, marked as pure, where nothing uses the result; it keeps `of.name`. */
export const memberOf = <T, Name extends keyof T>(of: T, name: Name): T[Name] => of[name];
