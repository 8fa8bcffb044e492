/** One word for a POSIX shell, whatever it holds. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

export function quoteAll(words: string[]): string {
  return words.map(quote).join(' ');
}

const assignable = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Variables that shells treat as their own: assigning them can fail or change how the rest of the script is read. */
const special =
  /^(?:BASH.*|ENV|EUID|GROUPS|IFS|LINENO|MAIL.*|OLDPWD|OPTARG|OPTERR|OPTIND|POSIXLY_CORRECT|PPID|PS[1-4]|PWD|RANDOM|SECONDS|SHELLOPTS|SHLVL|UID|_)$/;

/** `export` of what a shell can assign; the rest must be set by env(1). */
export function splitEnvironment(env: Record<string, string>): { exported: string; rest: string[] } {
  const exported: string[] = [];
  const rest: string[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (assignable.test(name) && !special.test(name)) exported.push(`${name}=${quote(value)}`);
    else rest.push(`${name}=${value}`);
  }
  return { exported: exported.length === 0 ? '' : `export ${exported.join(' ')}`, rest };
}
