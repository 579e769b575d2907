/** Why `path` may not name something inside a volume; `undefined` when it may. Kubernetes' rules: relative, no `..`. */
export function relativePathProblem(path: string): string | undefined {
  if (path === '') return 'is empty';
  if (path.startsWith('/')) return 'must be relative';
  if (path.includes('\0')) return 'has a NUL byte';
  if (path.split('/').includes('..')) return "must not contain '..'";
  return undefined;
}
