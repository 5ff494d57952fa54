// What we install is smaller than what two packages ask for, and why that is safe.
function readPackage(pkg) {
  // Only its self-contained browser bundle is served (the API reference page); its Vue component tree is never imported.
  if (pkg.name === '@scalar/api-reference') pkg.dependencies = {};
  // An old esbuild with a known advisory (GHSA-67mh-4wv8-2f99), needed only to load a CommonJS config we do not have.
  if (pkg.name === '@esbuild-kit/core-utils') pkg.dependencies.esbuild = '0.25.12';
  return pkg;
}
module.exports = { hooks: { readPackage } };
