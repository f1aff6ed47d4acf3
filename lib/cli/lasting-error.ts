/** What a path cannot recover from by itself. Other errors, such as EIO or EMFILE, may pass. */
const LASTING = /^(ENOENT|ENOTDIR|EISDIR|EACCES|EPERM|ELOOP|ENAMETOOLONG|ERR_.*)$/;

/** Whether an error of a file ends only when somebody changes the path or the file. */
export function isLasting(error: unknown): boolean {
  return LASTING.test((error as NodeJS.ErrnoException).code ?? '');
}
