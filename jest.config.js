/** One root configuration: a project per kind of test keeps start-up low (jest compiles each file once for all). */
const common = {
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['@runnel/source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
        },
        module: { type: 'es6' },
      },
    ],
  },
  modulePathIgnorePatterns: ['/dist/', '<rootDir>/.runnel/'],
};

/** Postgres and NATS, once per run. */
const servers = { globalSetup: '<rootDir>/libs/testing/global-setup.mjs', globalTeardown: '<rootDir>/libs/testing/global-teardown.mjs' };

export default {
  watchman: false,
  // Machines under load start a Postgres in many seconds; a test that hangs fails all the same.
  testTimeout: 60_000,
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/{apps,libs}/*/src/**/*.spec.ts'],
      testPathIgnorePatterns: ['\\.int\\.spec\\.ts$', '/node_modules/'],
    },
    { ...common, ...servers, displayName: 'service', testMatch: ['<rootDir>/{apps,libs}/*/src/**/*.int.spec.ts'] },
    { ...common, ...servers, displayName: 'journeys', testMatch: ['<rootDir>/test/{journeys,chaos,conformance}/**/*.spec.ts'] },
    { ...common, displayName: 'kubernetes', testMatch: ['<rootDir>/test/kubernetes/**/*.spec.ts'] },
  ],
};
