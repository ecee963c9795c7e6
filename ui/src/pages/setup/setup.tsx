import { Page } from "../../components/page";

const Setup = () => <Page title="Setup">{null}</Page>;

export default Setup;
