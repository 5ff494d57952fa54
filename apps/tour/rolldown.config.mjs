import { appConfig } from '../../rolldown.shared.mjs';

export default appConfig();
