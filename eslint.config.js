import tseslint from 'typescript-eslint';

const node = ['node:*', 'fs', 'path', 'child_process', 'crypto', 'os'];
const effects = [
  '@nestjs/*',
  'typeorm',
  'pg',
  '@nats-io/*',
  '@aws-sdk/*',
  '@runnel/messaging',
  '@runnel/postgres',
  '@runnel/objects',
  '@runnel/sandbox',
  '@runnel/service',
  '@runnel/access',
];
const apps = [
  '@runnel/api',
  '@runnel/scheduler',
  '@runnel/executor',
  '@runnel/ingester',
  '@runnel/harvester',
  '@runnel/cli',
  '@runnel/console',
];

const namedExports = { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' };
const asText = 'What comes from others goes into the page as text.';

const banned = (patterns, message) => ({
  'no-restricted-imports': ['error', { patterns: [{ group: patterns, message }] }],
});

export default tseslint.config(
  { ignores: ['**/dist/**', '**/bundle/**', '**/node_modules/**', '.runnel/**', 'examples/**/tools/**', '**/*.js', '**/*.mjs'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: { project: ['./tsconfig.eslint.json', './apps/console/tsconfig.json'], tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/require-await': 'off',
      'no-restricted-syntax': ['error', namedExports],
      ...banned(apps, 'A library never imports an app; apps never import apps (only apps/cli/src/up.ts composes them).'),
    },
  },
  {
    files: ['libs/{contracts,cwl,engine,kube-pod}/src/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      ...banned([...node, ...effects, ...apps], 'This library is pure: no Node, no Nest, no database, no I/O.'),
      'no-restricted-globals': ['error', 'process', 'Buffer', 'setTimeout', 'setInterval', 'fetch'],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Time enters as an argument.' },
        { object: 'Math', property: 'random', message: 'Randomness enters as an argument.' },
      ],
    },
  },
  {
    files: ['apps/console/src/**/*.{ts,tsx}'],
    rules: {
      'no-restricted-syntax': [
        'error',
        namedExports,
        { selector: 'JSXAttribute[name.name="dangerouslySetInnerHTML"]', message: asText },
        { selector: 'MemberExpression[property.name=/^(innerHTML|outerHTML|insertAdjacentHTML|srcdoc)$/]', message: asText },
      ],
      'no-restricted-globals': ['error', { name: 'localStorage', message: 'A token ends with its tab.' }],
    },
  },
  { files: ['apps/cli/src/up/**/*.ts', 'apps/cli/src/up.ts'], rules: { 'no-restricted-imports': 'off' } },
  {
    files: ['**/*.spec.ts', 'test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
    },
  },
);
