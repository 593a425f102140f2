// Typed lint for everything that tsc compiles; plain rules for the bootstrap scripts.
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/**', 'build/**', 'coverage/**', 'node_modules/**'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/prefer-literal-enum-member': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      'no-console': 'error',
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
      'max-lines': ['error', { max: 400 }],
    },
  },
  {
    files: ['src/**/*.ts', 'daemon/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'TemplateLiteral > TemplateElement:not(:first-child)[value.raw=/^ bytes\\b/]',
          message: 'Count bytes with countBytes of src/base/byte-count.ts: one is "1 byte".',
        },
        {
          selector:
            'NewExpression[callee.name="IsodriveError"] TemplateLiteral > MemberExpression[property.name="code"]',
          message: 'Say what the errno means, with nameSystemError of src/base/system-error.ts.',
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts', '*.config.ts'],
    rules: { 'max-lines': ['error', { max: 600 }], 'no-restricted-exports': 'off' },
  },
);
