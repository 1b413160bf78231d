/** A page of a run without its pictures, whose base64 text may contain any word, and without the script of its numbers. */
export function textOfReport(page: string): string {
  const scripts = /<script([^>]*)>[^<]*(?:<(?!\/script)[^<]*)*<\/script>/g;
  for (const [, attributes = ''] of page.matchAll(scripts))
    if (attributes.includes('src=')) throw new Error(`the page loads a script: ${attributes}`);
  return page.replace(/data:image\/png;base64,[^"]+/g, '').replace(scripts, '');
}
