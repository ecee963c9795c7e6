import { Page } from "../../components/page";

const SignIn = () => <Page title="SignIn">{null}</Page>;

export default SignIn;
