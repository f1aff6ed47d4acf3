/** The names of the files of the page, and what they are. */
export const PAGE_TYPES = {
  'index.html': 'text/html; charset=utf-8',
  'page.js': 'text/javascript; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
} as const;

export type PageFiles = Readonly<Record<keyof typeof PAGE_TYPES, string>>;

/**
 * The files of the page. They are bundled from `page/` when the project is built: `scripts/build.js` adds them to this
 * module of `dist/`, so that no file has to be found when the proxy runs. In the sources there are none.
 */
export const PAGE_FILES: PageFiles | undefined = undefined;
