/** Version of the package; scripts/build.mjs refuses to bundle when package.json says another. */
export const version = '0.1.0';
