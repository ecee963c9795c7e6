import { Page } from "../../components/page";

const Usage = () => <Page title="Usage">{null}</Page>;

export default Usage;
