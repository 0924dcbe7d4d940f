const settings = undefined;

module.exports = settings.url;
